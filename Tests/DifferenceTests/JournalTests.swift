import Disk
import Foundation
import TestSupport
import Testing

@testable import Difference

@Suite("A file system that was not put away in order") struct JournalTests {
    private static func make(_ scratch: String, _ features: String = "") throws -> DiskFixture {
        let fixture = DiskFixture(scratch: scratch)
        try fixture.make(
            ["-t", "ext4", "-b", "4096", "-O", "extent,64bit,metadata_csum,has_journal" + features])
        return fixture
    }

    private static func difference(_ fixture: DiskFixture) throws -> Difference {
        let images = try fixture.seal()
        return try Difference.between(images.base, images.disk)
    }

    /// A file that has lost its name and is open still; its number.
    private static func unlink(_ fixture: DiskFixture) throws -> Int {
        try fixture.debug(["write \(try fixture.file("gone\n")) opt/gone"])
        let text = try fixture.debug(["stat opt/gone"])
        let number = try #require(text.firstMatch(of: /Inode: (\d+)/).flatMap { Int($0.1) })
        try fixture.debug(["unlink opt/gone", "sif <\(number)> links_count 0"])
        return number
    }

    @Test(
        "is what its journal makes of it, whatever its checksums and however many blocks a descriptor has",
        arguments: [("-c", 1), ("-c", 50), ("-c -v 2", 1), ("-c -v 2", 50), ("", 50)])
    func journal(words: String, together: Int) throws {
        try withScratch { scratch in
            let fixture = try Self.make(scratch)
            try DifferenceTests.harm(fixture)
            try fixture.journal(words, together: together)
            let difference = try Self.difference(fixture)
            #expect(difference.words == DifferenceTests.said)
            #expect(difference.isComplete)
        }
    }

    @Test("says that what its journal holds as fast commits was not read")
    func fastCommits() throws {
        try withScratch { scratch in
            let fixture = try Self.make(scratch)
            try DifferenceTests.harm(fixture)
            try fixture.journal("-c", together: 50)
            // The last byte of the journal's features.
            let place = try fixture.start + fixture.block(of: "<8>") * 4096 + 0x2B
            let old = try Data(contentsOf: URL(fileURLWithPath: fixture.changed))[place]
            try fixture.write([old | 0x20], at: place, of: fixture.changed)
            let difference = try Self.difference(fixture)
            #expect(difference.words == DifferenceTests.said)
            #expect(difference.parts.flatMap(\.unread) == ["/: what is in the journal's fast commits"])
        }
    }

    @Test("has as many files without a name as its superblock says, or the one in the journal")
    func orphans() throws {
        for isJournalled in [false, true] {
            try withScratch { scratch in
                let fixture = try Self.make(scratch)
                let numbers = [try Self.unlink(fixture), try Self.unlink(fixture)]
                // Each has the number of the next where others have the time of their deletion.
                try fixture.debug([
                    "ssv last_orphan \(numbers[0])",
                    "sif <\(numbers[0])> dtime @\(numbers[1])",
                ])
                if isJournalled { try fixture.journal("-c", together: 50) }
                #expect(try Self.difference(fixture).parts.map(\.unlinked) == [2], "\(isJournalled)")
            }
        }
    }

    @Test("has those too that stand in a file of their own")
    func orphanFile() throws {
        try withScratch { scratch in
            let fixture = try Self.make(scratch, ",orphan_file")
            let number = try Self.unlink(fixture)
            let text = try fixture.debug(["stats"])
            let file = try #require(text.firstMatch(of: /Orphan file inode: +(\d+)/)?.1)
            try fixture.write(
                [UInt8(number & 0xFF), UInt8(number >> 8)],
                at: try fixture.start + fixture.block(of: "<\(file)>") * 4096 + 8, of: fixture.changed)
            #expect(try Self.difference(fixture).parts.map(\.unlinked) == [1])
        }
    }
}
