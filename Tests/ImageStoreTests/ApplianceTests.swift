import Digest
import Foundation
import Job
import TestSupport
import Testing
import Unix

@testable import ImageStore

@Suite("An appliance (OVA)") struct ApplianceTests {
    /// Members of an archive, made by tar(1) or by hand.
    struct Archive {
        var members: [(name: String, content: [UInt8])] = []
        /// Words of tar(1) behind the name of the archive.
        var options: [String] = []
        /// What is done in the directory before.
        var script = ":"

        func bytes() throws -> [UInt8] {
            try withScratch { scratch in
                for member in members {
                    try Data(member.content).write(to: URL(fileURLWithPath: scratch + "/" + member.name))
                }
                let words = options + members.map(\.name)
                let run = try run(
                    "/bin/sh",
                    ["-ec", "cd \"$0\"; \(script); tar --format=ustar -cf out.tar \"$@\"", scratch] + words)
                guard run.status == 0 else { throw StoreFixture.Failure(text: run.errors) }
                return [UInt8](try Data(contentsOf: URL(fileURLWithPath: scratch + "/out.tar")))
            }
        }
    }

    static func description(_ disk: String = "disk.vmdk") -> (String, [UInt8]) {
        ("box.ovf", Array("<Envelope><File ovf:href=\"\(disk)\"/></Envelope>".utf8))
    }

    /// A disk made by qemu-img: four mebibytes, with something at two places.
    static func disk(_ format: String = "vmdk", _ options: [String] = ["-o", "subformat=streamOptimized"])
        throws
        -> [UInt8]
    {
        try withScratch { scratch in
            try Data(raw).write(to: URL(fileURLWithPath: scratch + "/raw"))
            let words =
                ["convert", "-f", "raw", "-O", format] + options + [scratch + "/raw", scratch + "/disk"]
            let made = try run("/usr/bin/qemu-img", words)
            guard made.status == 0 else { throw StoreFixture.Failure(text: made.errors) }
            return [UInt8](try Data(contentsOf: URL(fileURLWithPath: scratch + "/disk")))
        }
    }

    static let raw: [UInt8] = {
        var bytes = StoreFixture.random(100_000) + [UInt8](repeating: 0, count: (4 << 20) - 100_000)
        bytes.replaceSubrange(3_000_000..<3_050_000, with: StoreFixture.random(50_000))
        return bytes
    }()

    static func fetch(_ wire: [UInt8], _ body: (StoreFixture, StoredImage) throws -> Void) throws {
        try StoreFixture.with { fixture in
            var source = try fixture.source(wire, format: .qcow2)
            source.packing = .ova
            try body(fixture, try fixture.fetch(source, seconds: 60))
        }
    }

    static func refused(_ wire: [UInt8]) throws -> Refusal {
        try UnpackTests.refused(wire, format: .qcow2, .ova)
    }

    /// What a guest would see of an image.
    static func content(_ fixture: StoreFixture, _ image: StoredImage) throws -> [UInt8] {
        let path = fixture.scratch + "/content"
        let made = try run(
            "/usr/bin/qemu-img",
            ["convert", "-f", "qcow2", "-O", "raw", fixture.store.path(of: image.digest), path])
        guard made.status == 0 else { throw StoreFixture.Failure(text: made.errors) }
        return [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    }

    @Test("becomes qcow2 with its disk's content", arguments: ["streamOptimized", "monolithicSparse"])
    func vmdk(subformat: String) throws {
        let disk = try Self.disk("vmdk", ["-o", "subformat=\(subformat)"])
        let wire = try Archive(members: [Self.description(), ("disk.vmdk", disk), ("box.mf", [0x0A])]).bytes()
        try Self.fetch(wire) { fixture, image in
            #expect(image.format == .qcow2 && image.virtualSize == 4 << 20)
            #expect(image.digest == Sha512.digest(wire))
            #expect(try fixture.store.verify(image.digest) == image)
            let content = try Self.content(fixture, image)
            #expect(content == Self.raw)
            let path = fixture.store.path(of: image.digest)
            let status = try #require(try Files.status(path))
            #expect(status.mode == 0o400 && status.uid == 0 && status.links == 1)
            #expect(try Files.names(in: Files.parent(path)) == ["entry.json", "image"])
        }
    }

    @Test("with a qcow2 disk keeps that")
    func qcow2() throws {
        let disk = try Self.disk("qcow2", [])
        let wire = try Archive(members: [("disk.qcow2", disk), Self.description("disk.qcow2")]).bytes()
        try Self.fetch(wire) { fixture, image in
            #expect(image.storedDigest == Sha512.digest(disk))
            let content = try Self.content(fixture, image)
            #expect(content == Self.raw)
        }
    }

    @Test("78: with two disks, none, or no description that names the disk is refused as BadContainer")
    func members() throws {
        let disk: [UInt8] = try Self.disk()
        let description = Self.description()
        let wrong: [(String, Archive)] = [
            ("two disks", Archive(members: [description, ("disk.vmdk", disk), ("other.vmdk", [1])])),
            ("two disks", Archive(members: [description, ("disk.vmdk", disk), ("other.qcow2", [1])])),
            ("no disk", Archive(members: [description])),
            ("no description", Archive(members: [("disk.vmdk", disk)])),
            ("two descriptions", Archive(members: [description, ("b.ovf", [1]), ("disk.vmdk", disk)])),
            ("does not name", Archive(members: [Self.description("x.vmdk"), ("disk.vmdk", disk)])),
            ("neither", Archive(members: [description, ("disk.vmdk", disk), ("install.sh", [1])])),
        ]
        for (words, archive) in wrong {
            let refusal = try Self.refused(try archive.bytes())
            #expect(refusal.name == .BadContainer)
            #expect(refusal.message.contains(words))
        }
    }

    @Test("78: with a member that leads outside, or is no file, is refused as BadContainer")
    func outside() throws {
        let disk = try Self.disk()
        let good = [Self.description(), ("disk.vmdk", disk)]
        let wrong = [
            Archive(members: good, options: ["--transform", "s|^disk|../disk|"]),
            Archive(members: good, options: ["-P", "--transform", "s|^disk|/tmp/disk|"]),
            Archive(members: good, options: ["--transform", "s|^disk|sub/disk|"]),
            Archive(members: good, options: ["link.vmdk"], script: "ln -s /etc/passwd link.vmdk"),
            Archive(
                members: good + [("z.vmdk", [])], options: ["disk.vmdk"], script: "ln -f disk.vmdk z.vmdk"),
            Archive(members: good, options: ["sub"], script: "mkdir sub"),
            Archive(members: good, options: ["pipe.mf"], script: "mkfifo pipe.mf"),
        ]
        for archive in wrong {
            let refusal = try Self.refused(try archive.bytes())
            #expect(refusal.name == .BadContainer)
        }
        #expect(!FileManager.default.fileExists(atPath: "/tmp/disk.vmdk"))
    }

    @Test("that is no tar archive, is compressed, cut short or has too many files is refused as BadContainer")
    func archives() throws {
        let disk = try Self.disk()
        let wire = try Archive(members: [Self.description(), ("disk.vmdk", disk)]).bytes()
        for bytes in [disk, [], try UnpackTests.packed(wire, .gzip), Array(wire[..<50_000])] {
            #expect(try Self.refused(bytes).name == .BadContainer)
        }
        let many = (0..<101).map { (name: "\($0).mf", content: [UInt8(1)]) }
        let refusal = try Self.refused(try Archive(members: many).bytes())
        #expect(refusal.message.contains("more than 100 files"))
    }

    /// Changes to a disk that make it lead elsewhere or claim too much.
    static let lies: [(String, @Sendable ([UInt8]) -> [UInt8])] = [
        ("a change to another disk", { replacing("parentCID=ffffffff", "parentCID=12345678", in: $0) }),
        (
            "parentfilenamehint",
            { replacing("ddb.toolsVersion = \"2147483647\"", "parentFileNameHint=\"x\"", in: $0) }
        ),
        ("extents, or one that", { replacing("SPARSE", "FLAT  ", in: $0) }),
        ("of the type", { replacing("streamOptimized", "monolithicFlat\"", in: $0) }),
        ("a disk of 0 sectors", { number(0, 8, at: 12, in: $0) }),
        ("sectors", { number(1 << 40, 8, at: 12, in: $0) }),
        ("grains", { number(3, 8, at: 20, in: $0) }),
        ("grains", { number(0, 4, at: 44, in: $0) }),
        ("first-level table outside", { number(1 << 40, 8, at: 56, in: $0) }),
        ("description in an unusual place", { number(2, 8, at: 28, in: $0) }),
        ("version", { number(9, 4, at: 4, in: $0) }),
        ("no header at its end", { number(.max, 8, at: 56, in: $0) }),
        ("no sparse disk", { _ in Array("# Disk DescriptorFile\nversion=1\n".utf8) }),
        ("no sparse disk", { _ in [] }),
    ]

    static func replacing(_ text: String, _ other: String, in bytes: [UInt8]) -> [UInt8] {
        precondition(text.utf8.count >= other.utf8.count)
        guard let range = bytes.firstRange(of: Array(text.utf8)) else { return [] }
        var bytes = bytes
        bytes.replaceSubrange(
            range,
            with: Array(other.utf8) + [UInt8](repeating: 0x20, count: text.utf8.count - other.utf8.count))
        return bytes
    }

    static func number(_ value: UInt64, _ width: Int, at place: Int, in bytes: [UInt8]) -> [UInt8] {
        var bytes = bytes
        for index in 0..<width { bytes[place + index] = UInt8(truncatingIfNeeded: value >> (8 * index)) }
        return bytes
    }

    @Test(
        "79: with a VMDK disk that leads elsewhere or claims too much is refused as UnsafeImage",
        arguments: lies.indices)
    func unsafe(index: Int) throws {
        let (words, lie) = Self.lies[index]
        let disk = lie(try Self.disk())
        let refusal = try Self.refused(
            try Archive(members: [Self.description(), ("disk.vmdk", disk)]).bytes())
        #expect(refusal.name == .UnsafeImage)
        #expect(refusal.message.contains(words), "\(refusal)")
    }

    @Test("79: with a disk of another format than its name declares is refused as UnsafeImage")
    func otherFormat() throws {
        let qcow2 = try Self.disk("qcow2", [])
        let named = try Archive(members: [Self.description(), ("disk.vmdk", qcow2)]).bytes()
        #expect(try Self.refused(named).name == .UnsafeImage)
        let other = try Archive(members: [Self.description("d.qcow2"), ("d.qcow2", try Self.disk())]).bytes()
        #expect(try Self.refused(other).name == .UnsafeImage)
    }

    @Test("with a VMDK disk that is cut short is refused as BadContainer, since it cannot be converted")
    func cutShort() throws {
        let disk = try Self.disk()
        let half = Array(disk[..<(disk.count / 2)])
        let refusal = try Self.refused(
            try Archive(members: [Self.description(), ("disk.vmdk", half)]).bytes())
        #expect(refusal.name == .BadContainer)
    }
}
