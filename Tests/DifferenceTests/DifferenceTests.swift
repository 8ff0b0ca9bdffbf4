import Disk
import Foundation
import JSON
import TestSupport
import Testing
import Unix

@testable import Difference

@Suite("The difference of a disk") struct DifferenceTests {
    /// What a guest's root does, in debugfs's words.
    static func harm(_ fixture: DiskFixture) throws {
        let tool = try fixture.file("#!/bin/sh\n")
        let passwd = try fixture.file("root:x:0:0\nevil:x:0:0\n")
        let messages = try fixture.file("boot\nmore\n")
        try fixture.debug([
            "write \(tool) opt/tool", "sif opt/tool mode 0104755",
            "rm etc/passwd", "write \(passwd) etc/passwd", "sif etc/passwd mode 0100644",
            "rm etc/motd",
            "write \(tool) etc/cron.d/evil",
            "sif etc/hosts uid 1000",
            "ea_set bin/ping security.capability 0123456789",
            "rm bin/sh", "symlink bin/sh /tmp/sh",
            "cd opt", "mknod disk b 8 0", "cd /",
            "mkdir opt/new", "write \(tool) opt/new/file",
            "rm opt/old/a", "rm opt/old/b/c", "rmdir opt/old/b", "rmdir opt/old",
            "rm var/log/messages", "write \(messages) var/log/messages",
        ])
        // Around the file system: a block of a file, and nothing of its inode.
        let size = try Int(fixture.debug(["stats"]).firstMatch(of: /Block size: +(\d+)/)?.1 ?? "") ?? 0
        let block = try fixture.block(of: "home/data", index: 100)
        try fixture.write(Array("EVIL".utf8), at: fixture.start + block * size, of: fixture.changed)
    }

    static let said = [
        "changed /bin/ping attributes (capabilities)",
        "changed /bin/sh target",
        "added /etc/cron.d/evil (cron)",
        "changed /etc/hosts owner",
        "deleted /etc/motd",
        "changed /etc/passwd content (account)",
        "changed /home/data content",
        "added /opt/disk (device)",
        "added /opt/new",
        "added /opt/new/file",
        "deleted /opt/old",
        "deleted /opt/old/a",
        "deleted /opt/old/b",
        "deleted /opt/old/b/c",
        "added /opt/tool (setuid)",
        "changed /var/log/messages content noise",
    ]

    private static let shapes: [[String]] = [
        ["-t", "ext2", "-b", "1024", "-I", "128"],
        ["-t", "ext3", "-b", "4096"],
        [
            "-t", "ext4", "-b", "4096", "-O",
            "extent,64bit,metadata_csum,has_journal,flex_bg,huge_file,dir_index",
        ],
        ["-t", "ext4", "-b", "1024", "-O", "extent,^resize_inode,meta_bg,64bit,ea_inode"],
        ["-t", "ext4", "-b", "4096", "-I", "256", "-O", "extent,inline_data,ext_attr"],
        ["-t", "ext4", "-b", "2048", "-O", "extent,bigalloc,^resize_inode", "-C", "16384"],
    ]

    @Test("says what was added, changed and deleted, and what to look at first", arguments: shapes)
    func everything(options: [String]) throws {
        try withScratch { scratch in
            let fixture = DiskFixture(scratch: scratch)
            try fixture.make(options)
            try Self.harm(fixture)
            let images = try fixture.seal()
            let difference = try Difference.between(images.base, images.disk)
            #expect(difference.words == Self.said)
            #expect(difference.isComplete && difference.findings == [])
            #expect(difference.parts.map(\.name) == ["partition 1"])
        }
    }

    @Test("of a compressed image, of one without partitions, and of one that begins off the grid is the same")
    func disks() throws {
        try withScratch { scratch in
            let fixture = DiskFixture(scratch: scratch)
            try fixture.make(["-t", "ext4", "-b", "4096"])
            try Self.harm(fixture)
            let images = try fixture.seal(compressed: true)
            #expect(try Difference.between(images.base, images.disk).words == Self.said)
        }
        for (start, isTableless) in [(0, true), (63 * 512, false)] {
            try withScratch { scratch in
                let fixture = DiskFixture(scratch: scratch, start: start, isTableless: isTableless)
                try fixture.make(["-t", "ext4", "-b", "4096"])
                try Self.harm(fixture)
                let images = try fixture.seal()
                let difference = try Difference.between(images.base, images.disk)
                #expect(difference.words == Self.said)
                #expect(difference.parts.map(\.name) == [isTableless ? "disk" : "partition 1"])
            }
        }
    }

    @Test("of a machine that changed nothing is empty, and times of reading do not count")
    func nothing() throws {
        try withScratch { scratch in
            let fixture = DiskFixture(scratch: scratch)
            try fixture.make(["-t", "ext4"])
            try fixture.debug(["sif etc/passwd atime 20300101000000", "sif bin atime 20300101000000"])
            let images = try fixture.seal()
            let difference = try Difference.between(images.base, images.disk)
            #expect(difference.words == [])
            #expect(difference.isComplete)
        }
    }

    @Test("names a changed boot loader or record, partition table and kind of file system")
    func outside() throws {
        try withScratch { scratch in
            let fixture = DiskFixture(scratch: scratch)
            try fixture.make(["-t", "ext4"])
            try fixture.write(Array("EVIL".utf8), at: 0, of: fixture.changed)
            let images = try fixture.seal()
            let difference = try Difference.between(images.base, images.disk)
            #expect(difference.outsideBytes == 4096)
            #expect(difference.findings.contains { $0.contains("outside of all partitions") })
        }
        try withScratch { scratch in
            let fixture = DiskFixture(scratch: scratch)
            try fixture.make(["-t", "ext4"])
            try fixture.write(Array("EVIL".utf8), at: fixture.start + 512, of: fixture.changed)
            let images = try fixture.seal()
            let difference = try Difference.between(images.base, images.disk)
            #expect(difference.findings == ["the boot record of partition 1 was changed"])
            #expect(difference.words == [] && difference.isComplete)
        }
        try withScratch { scratch in
            let fixture = DiskFixture(scratch: scratch)
            try fixture.make(["-t", "ext4"])
            try fixture.write([0x10], at: 446 + 13, of: fixture.changed)
            let images = try fixture.seal()
            #expect(
                try Difference.between(images.base, images.disk).findings.contains(
                    "the partition table was changed"))
        }
        try withScratch { scratch in
            let fixture = DiskFixture(scratch: scratch)
            try fixture.make(["-t", "ext4"])
            try fixture.write(Array("XFSB".utf8), at: fixture.start, of: fixture.changed)
            try fixture.write([0, 0], at: fixture.start + 1024 + 56, of: fixture.changed)
            let images = try fixture.seal()
            let difference = try Difference.between(images.base, images.disk)
            #expect(!difference.isComplete)
            #expect(difference.parts.first?.kind == "xfs")
        }
    }

    @Test("of two partitions is told for each")
    func partitions() throws {
        try withScratch { scratch in
            let middle = DiskFixture.length / 2
            let one = DiskFixture(scratch: scratch, end: middle)
            let other = DiskFixture(scratch: scratch, start: middle)
            try one.make(["-t", "ext4"])
            try other.makeFileSystem(["-t", "ext3"])
            try Data(contentsOf: URL(fileURLWithPath: one.base)).write(to: URL(fileURLWithPath: one.changed))
            try one.debug(["rm etc/motd"])
            try other.debug(["rm etc/hosts"])
            let images = try one.seal()
            let difference = try Difference.between(images.base, images.disk)
            #expect(difference.parts.map(\.name) == ["partition 1", "partition 2"])
            #expect(difference.words == ["deleted /etc/motd", "deleted /etc/hosts"])
            #expect(difference.isComplete)
        }
    }

    @Test("of a huge directory with an index is what changed in it")
    func hugeDirectory() throws {
        try withScratch { scratch in
            let fixture = DiskFixture(scratch: scratch, start: 0, isTableless: true)
            let name = { (number: Int) in "home/name-\(number)-of-a-length-that-fills-blocks" }
            try FileManager.default.createDirectory(
                atPath: fixture.tree + "/home", withIntermediateDirectories: true)
            try Data("same\n".utf8).write(to: URL(fileURLWithPath: "\(fixture.tree)/\(name(0))"))
            let isLong = ProcessInfo.processInfo.environment["BIVOUAC_TEST_LONG"] != nil
            for number in 1..<(isLong ? 20_000 : 5000) {
                try FileManager.default.linkItem(
                    atPath: "\(fixture.tree)/\(name(0))", toPath: "\(fixture.tree)/\(name(number))")
            }
            try fixture.make(["-t", "ext4", "-b", "4096"])
            try fixture.require("/sbin/e2fsck", ["-fyD", fixture.base])
            #expect(try fixture.debug(["htree_dump home"], on: fixture.base).contains("Root node"))
            try Data(contentsOf: URL(fileURLWithPath: fixture.base)).write(
                to: URL(fileURLWithPath: fixture.changed))
            try fixture.debug(["unlink \(name(4321))", "ln bin/ls home/\(name(4321).suffix(20))"])
            let images = try fixture.seal()
            let difference = try Difference.between(images.base, images.disk)
            #expect(
                difference.words == ["deleted /\(name(4321))", "added /home/\(name(4321).suffix(20))"])
            #expect(difference.isComplete)
        }
    }

    @Test("lists a capability among many extended attributes, and compares long links to their ends")
    func attributes() throws {
        try withScratch { scratch in
            let fixture = DiskFixture(scratch: scratch)
            try fixture.make(["-t", "ext4", "-b", "4096"])
            let link = String(repeating: "x", count: 900)
            try fixture.debug(["symlink bin/far \(link)a"], on: fixture.base)
            try fixture.debug(
                (10..<30).map { "ea_set bin/ping security.a\($0) 1" } + [
                    "ea_set bin/ping security.capability 0123456789", "symlink bin/far \(link)b",
                ])
            let images = try fixture.seal()
            let difference = try Difference.between(images.base, images.disk)
            #expect(
                difference.words == [
                    "changed /bin/far target", "changed /bin/ping attributes (capabilities)",
                ])
            let changes = difference.parts.flatMap(\.changes)
            #expect(changes.last?.after?.attributes.count == 21)
            #expect(changes.first?.after?.target == link.prefix(256) + "...")
            #expect(changes.first?.after?.size == 901)
        }
    }

    @Test("survives disks that a guest has made to harm it")
    func hostile() throws {
        try withScratch { scratch in
            let fixture = DiskFixture(scratch: scratch)
            try fixture.make(["-t", "ext4", "-b", "1024", "-O", "extent,64bit,has_journal"])
            try Self.harm(fixture)
            let images = try fixture.seal()
            let whole = try Data(contentsOf: URL(fileURLWithPath: fixture.overlay))
            var generator = Scrambler(state: 20_261_121)
            // Where an overlay has something but zeros is where a reader decides.
            let places = whole.indices.filter { whole[$0] != 0 }
            let rounds = ProcessInfo.processInfo.environment["BIVOUAC_TEST_LONG"] == nil ? 60 : 5000
            for _ in 0..<rounds {
                var harmed = whole
                for _ in 0..<(1 + generator.next() % 24) {
                    let place = places[Int(generator.next() % UInt64(places.count))]
                    harmed[place] =
                        [0, 0xFF, 0x80, UInt8(truncatingIfNeeded: generator.next())][
                            Int(generator.next() % 4)]
                }
                try harmed.write(to: URL(fileURLWithPath: fixture.overlay))
                // A refusal is as good as an answer; a trap would end the test.
                if let pair = try? fixture.open(fixture.base, isRaw: true) {
                    _ = try? Difference.between(pair.base, pair.disk)
                }
            }
            _ = images
        }
    }

    @Test("tells of names that no kernel makes, and lists what stands beside them")
    func badNames() throws {
        try withScratch { scratch in
            let fixture = DiskFixture(scratch: scratch)
            try fixture.make(["-t", "ext4"])
            try fixture.debug(["mknod opt/evil p", "rm etc/motd"])
            let images = try fixture.seal()
            let difference = try Difference.between(images.base, images.disk)
            #expect(difference.words == ["deleted /etc/motd", "added /opt\u{FFFD}evil"])
            #expect(!difference.isComplete)
        }
    }

    @Test("is the same after it went through JSON, and what is not one is not taken for one")
    func json() throws {
        try withScratch { scratch in
            let fixture = DiskFixture(scratch: scratch)
            try fixture.make(["-t", "ext4"])
            try Self.harm(fixture)
            let images = try fixture.seal()
            let difference = try Difference.between(images.base, images.disk)
            let text = Array(difference.json.description.utf8)
            #expect(Difference(json: try JSON(parsing: text)) == difference)
            #expect(Difference(json: try JSON(parsing: Array("{\"parts\":[{}]}".utf8))) == nil)
        }
    }
}

/// Numbers that are the same in every run (xorshift).
struct Scrambler: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state
    }
}
