import Foundation
import Job
import JobMachine
import Site
import Testing
import Unix

@Suite("Many processes at work on the same jobs")
struct RandomLifeTests {
    @Test("in ten thousand operations lose no record, take no step back and never hold one lock twice")
    func operations() async throws {
        let directory = "/tmp/bivouac-test-" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let isLong = ProcessInfo.processInfo.environment["BIVOUAC_TEST_LONG"] != nil
        let count = isLong ? 25_000 : 2500
        let seed = UInt64.random(in: 0...UInt64.max / 8)
        print("random lives: seed \(seed)")
        await withTaskGroup(of: Void.self) { group in
            for worker in 0..<4 as Range<UInt64> {
                group.addTask {
                    await #expect(processExitsWith: .success, "seed \(seed + worker)") {
                        [
                            directory = directory as String, seed = (seed + worker) as UInt64,
                            count = count as Int
                        ] in
                        var life = try RandomLife(directory, seed: seed)
                        try life.run(count)
                    }
                }
            }
        }
        // Whatever they left, an ending and the sweep of directories without records clear it.
        let places = Places(root: directory)
        for key in try LiveJob.keys(places) {
            if var live = try LiveJob.open(key, places: places, before: Deadline(seconds: 1)) {
                for event in [Event.end, .capture, .forget] {
                    try live.advance(event, at: Timestamp(seconds: 0))
                }
                try live.remove()
            } else if Files.exists(places.job(key).path) {
                #expect(try LiveJob.removeUnrecorded(key, places: places))
            }
        }
        #expect(try Files.names(in: places.jobs) == [])
    }
}
