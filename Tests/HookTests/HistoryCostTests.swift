import Foundation
import TestSupport
import Testing

extension HookTests {
    @Suite("What went before", .needsRoot) struct HistoryCostTests {
        private static let isLong = ProcessInfo.processInfo.environment["BIVOUAC_TEST_LONG"] != nil

        /// System calls by name, and bytes that came from files and directories.
        private struct Cost {
            var calls: [String: Int] = [:]
            var bytes = 0

            mutating func add(_ trace: Trace) {
                for call in trace.calls {
                    calls[call.name, default: 0] += 1
                    guard ["read", "pread64", "getdents64"].contains(call.name),
                        let result = call.text.range(of: " = ", options: .backwards)
                    else { continue }
                    bytes += Int(call.text[result.upperBound...].prefix { $0.isNumber }) ?? 0
                }
            }
        }

        private static func cost(_ node: Node, of job: JobOnNode) throws -> Cost {
            let environment = job.environment.merging(["BIVOUAC_ROOT": node.root]) { $1 }
            var cost = Cost()
            for (program, status) in [(Built.prologue, Int32(69)), (Built.epilogue, 0)] {
                let path = node.path("trace")
                let run = try Launch.run(Trace.recording(path) + program, environment: environment)
                #expect(run.status == status, "\(run.errors)")
                cost.add(try Trace(path))
            }
            return cost
        }

        /// Start states and lines of jobs that are over.
        private static func age(_ node: Node, states: Int, log bytes: Int) throws {
            let files = FileManager.default
            let days = node.path("var/lib/bivouac/evidence")
            let day = try #require(try files.contentsOfDirectory(atPath: days).first { $0.hasPrefix("20") })
            let model = try #require(try files.contentsOfDirectory(atPath: "\(days)/\(day)").first)
            for number in 0..<states {
                let path = "\(days)/\(day)/t-\(states * 10 + number).0"
                try files.createDirectory(atPath: path, withIntermediateDirectories: false)
                try files.linkItem(
                    atPath: "\(days)/\(day)/\(model)/manifest.json", toPath: path + "/manifest.json")
            }
            // Of what is at its beginning no writer needs to know.
            let log = node.path("var/log/bivouac/audit.jsonl")
            let lines = try Data(contentsOf: URL(fileURLWithPath: log))
            var old = Data()
            while old.count < bytes { old += lines }
            try (old + lines).write(to: URL(fileURLWithPath: log))
        }

        @Test("costs a prologue and an epilogue nothing: they read as much as on a node without history")
        func constant() throws {
            let node = try Node()
            // The first job fetches the image.
            #expect(try node.prologue(JobOnNode(id: "1")).status == 69)
            #expect(try node.epilogue(JobOnNode(id: "1")).status == 0)
            try Self.age(node, states: 1, log: 1 << 18)
            let young = try Self.cost(node, of: JobOnNode(id: "2"))
            let (states, bytes) = Self.isLong ? (10_000, 100 << 20) : (1000, 4 << 20)
            try Self.age(node, states: states, log: bytes)
            let old = try Self.cost(node, of: JobOnNode(id: "3"))
            for name in Set(young.calls.keys).union(old.calls.keys).sorted() {
                let (before, after) = (young.calls[name, default: 0], old.calls[name, default: 0])
                // How often they wait for each other's locks and for libvirt differs.
                #expect(after <= before + max(20, before / 10), "\(name): \(before) calls, then \(after)")
            }
            #expect(old.bytes <= young.bytes + (16 << 10), "\(young.bytes) bytes, then \(old.bytes)")
            print(
                "history: \(states) start states, \(bytes >> 20) MiB of log: "
                    + "\(young.calls.values.reduce(0, +)) calls and \(young.bytes) bytes without, "
                    + "\(old.calls.values.reduce(0, +)) and \(old.bytes) with")
        }
    }
}
