import Foundation
import Job
import TestSupport
import Testing

@testable import JobContext

@Suite("The context disk") struct ContextDiskTests {
    private static let assignment = Array(#"{"version":1}"#.utf8)

    /// The disk's bytes and its partitions', cut out as its partition table says.
    private func disk(_ forms: [ContextForm]) throws -> (whole: [UInt8], partitions: [[UInt8]]) {
        try withScratch { scratch in
            let volumes = try ContextVolume.make(
                facts: try ContextVolumeTests.facts("eve"), assignment: Self.assignment, forms: forms)
            try ContextDisk.write(volumes, newFile: scratch + "/context.iso", mode: 0o444)
            let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: scratch + "/context.iso")))
            func word(_ offset: Int) -> Int {
                (0..<4).reduce(0) { $0 | Int(bytes[offset + $1]) << (8 * $1) }
            }
            guard bytes[510] == 0x55, bytes[511] == 0xAA else { return (bytes, []) }
            let partitions = stride(from: 446, to: 510, by: 16).compactMap { entry -> [UInt8]? in
                guard bytes[entry + 4] != 0 else { return nil }
                let start = word(entry + 8) * 512
                return Array(bytes[start..<start + word(entry + 12) * 512])
            }
            return (bytes, partitions)
        }
    }

    @Test("is the first volume as a whole, and each volume as a partition")
    func partitions() throws {
        let (whole, partitions) = try disk(ContextForm.allCases)
        #expect(ISO9660Reader(bytes: whole).label == "CONTEXT")
        #expect(partitions.map { ISO9660Reader(bytes: $0).label } == ["CONTEXT", "cidata", "config-2"])
        #expect(partitions.map(\.count).reduce(0, +) == whole.count)
        #expect(whole.count < 500_000)
        let names = partitions.map { Set(ISO9660Reader(bytes: $0).entries.map(\.name)) }
        #expect(
            names == [
                ["context.sh", "prolog.sh", "init.sh", "epilog.sh", "assignment.json"],
                ["user-data", "meta-data"], ["openstack", "ec2"],
            ])
    }

    @Test("of one form has no partitions, and the assignment is on it", arguments: ContextForm.allCases)
    func single(form: ContextForm) throws {
        let (whole, partitions) = try disk([form])
        #expect(partitions.isEmpty)
        let iso = ISO9660Reader(bytes: whole)
        #expect(iso.label == form.label)
        #expect(iso.entries.first { $0.name == "assignment.json" }?.content == Self.assignment)
    }

    @Test("is the same bytes whenever it is made")
    func reproducible() throws {
        let first = try disk(ContextForm.allCases).whole
        Thread.sleep(forTimeInterval: 1.1)
        #expect(try disk(ContextForm.allCases).whole == first)
    }
}
