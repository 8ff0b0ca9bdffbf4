import Digest
import Disk
import Foundation
import Job
import TestSupport
import Testing
import Unix

@testable import ImageStore

@Suite("A qcow2 image") struct QcowTests {
    @Test(
        "as qemu-img makes it is taken, with the disk's length",
        arguments: [
            [], ["-o", "compat=0.10"], ["-o", "cluster_size=512"], ["-o", "cluster_size=2M"],
            ["-o", "refcount_bits=1"], ["-o", "refcount_bits=64"], ["-o", "lazy_refcounts=on"],
            ["-o", "compression_type=zstd"], ["-o", "extended_l2=on"], ["-o", "preallocation=metadata"],
        ])
    func accepted(options: [String]) throws {
        try StoreFixture.with { fixture in
            let source = try fixture.source(try fixture.qcow2(options), format: .qcow2)
            #expect(try fixture.fetch(source).virtualSize == 10 << 20)
        }
    }

    @Test(
        "that leads out of itself, or that is not what it claims, is refused as UnsafeImage and not kept",
        arguments: [
            ["-b", "/etc/passwd", "-F", "raw", "-u"],
            ["-b", "json:{\"driver\":\"null-co\"}", "-F", "raw", "-u"],
            ["-o", "data_file=OUTSIDE,data_file_raw=on"],
            ["--object", "secret,id=s,data=secret", "-o", "encrypt.format=aes,encrypt.key-secret=s"],
        ])
    func unsafeByOption(options: [String]) throws {
        try StoreFixture.with { fixture in
            let options = options.map {
                $0.replacingOccurrences(of: "OUTSIDE", with: fixture.scratch + "/outside")
            }
            let source = try fixture.source(try fixture.qcow2(options), format: .qcow2)
            #expect(refusal { try fixture.fetch(source) } == .UnsafeImage)
            #expect(try fixture.leftovers() == [])
        }
    }

    @Test("with an internal snapshot is refused as UnsafeImage")
    func snapshot() throws {
        try StoreFixture.with { fixture in
            _ = try fixture.qcow2()
            let path = fixture.scratch + "/image.qcow2"
            #expect(try run("/usr/bin/qemu-img", ["snapshot", "-c", "one", path]).status == 0)
            let source = try fixture.source(
                [UInt8](try Data(contentsOf: URL(fileURLWithPath: path))), format: .qcow2)
            #expect(refusal { try fixture.fetch(source) } == .UnsafeImage)
        }
    }

    struct Patch: CustomTestStringConvertible {
        var testDescription: String
        var offset: Int
        var bytes: [UInt8]
        init(_ name: String, _ offset: Int, _ bytes: [UInt8]) {
            (testDescription, self.offset, self.bytes) = (name, offset, bytes)
        }
    }

    static let patches = [
        Patch("another magic", 0, [0x51, 0x46, 0x49, 0xFA]),
        Patch("version 1", 4, [0, 0, 0, 1]),
        Patch("version 4", 4, [0, 0, 0, 4]),
        Patch("backing file without a name", 8, [0, 0, 0, 0, 0, 0, 0, 112]),
        Patch("clusters of 256 bytes", 20, [0, 0, 0, 8]),
        Patch("clusters of 4 MiB", 20, [0, 0, 0, 22]),
        Patch("clusters of 2^(2^32-1)", 20, [255, 255, 255, 255]),
        Patch("an empty disk", 24, [0, 0, 0, 0, 0, 0, 0, 0]),
        Patch("half a sector", 24, [0, 0, 0, 0, 0, 0x10, 0, 1]),
        Patch("an exbibyte", 24, [0x10, 0, 0, 0, 0, 0, 0, 0]),
        Patch("a negative length", 24, [0xFF, 0, 0, 0, 0, 0, 0, 0]),
        Patch("old encryption", 32, [0, 0, 0, 1]),
        Patch("LUKS", 32, [0, 0, 0, 2]),
        Patch("no first-level table", 36, [0, 0, 0, 0]),
        Patch("a huge first-level table", 36, [0x7F, 0xFF, 0xFF, 0xFF]),
        Patch("first-level table at the header", 40, [0, 0, 0, 0, 0, 0, 0, 0]),
        Patch("first-level table outside", 40, [0, 0, 0, 1, 0, 0, 0, 0]),
        Patch("first-level table at the end of numbers", 40, [255, 255, 255, 255, 255, 255, 0, 0]),
        Patch("first-level table between clusters", 40, [0, 0, 0, 0, 0, 3, 0, 8]),
        Patch("refcount table outside", 48, [0, 0, 0, 1, 0, 0, 0, 0]),
        Patch("no refcount table", 56, [0, 0, 0, 0]),
        Patch("a huge refcount table", 56, [255, 255, 255, 255]),
        Patch("a snapshot", 60, [0, 0, 0, 1]),
        Patch("dirty", 79, [1]), Patch("corrupt", 79, [2]), Patch("external data", 79, [4]),
        Patch("an unknown feature", 79, [32]), Patch("another unknown feature", 72, [0x80]),
        Patch("refcounts of 128 bits", 96, [0, 0, 0, 7]),
        Patch("a short header", 100, [0, 0, 0, 72]),
        Patch("an odd header", 100, [0, 0, 0, 105]),
        Patch("an endless header", 100, [255, 255, 255, 248]),
        Patch("a backing format", 112, [0xE2, 0x79, 0x2A, 0xCA, 0, 0, 0, 3]),
        Patch("the name of a data file", 112, [0x44, 0x41, 0x54, 0x41, 0, 0, 0, 3]),
        Patch("an encryption header", 112, [0x05, 0x37, 0xBE, 0x77, 0, 0, 0, 16]),
        Patch("an endless extension", 112, [1, 2, 3, 4, 0xFF, 0xFF, 0xFF, 0xFF]),
        Patch("second-level table outside", 0x3_0000, [0x80, 0, 0, 1, 0, 0, 0, 0]),
        Patch("second-level table at the header", 0x3_0000, [0x80, 0, 0, 0, 0, 0, 2, 0]),
    ]

    @Test("with a hostile header is refused as UnsafeImage", arguments: patches)
    func hostile(patch: Patch) throws {
        try StoreFixture.with { fixture in
            var bytes = try fixture.qcow2()
            bytes.replaceSubrange(patch.offset..<(patch.offset + patch.bytes.count), with: patch.bytes)
            let source = try fixture.source(bytes, format: .qcow2)
            #expect(refusal { try fixture.fetch(source) } == .UnsafeImage)
        }
    }

    @Test("cut at any place is refused or whole, never read beyond its end")
    func cut() throws {
        try StoreFixture.with { fixture in
            let bytes = try fixture.qcow2()
            for length in [0, 1, 4, 71, 72, 103, 104, 65_536, 131_072, 196_608, 196_615] {
                let source = try fixture.source(Array(bytes.prefix(length)), format: .qcow2)
                #expect(refusal { try fixture.fetch(source) } == .UnsafeImage, "\(length)")
            }
        }
    }

    @Test("with random bytes in its header never crashes the one who looks")
    func fuzz() throws {
        try StoreFixture.with { fixture in
            let original = Array(try fixture.qcow2().prefix(4096))
            var verdicts = (taken: 0, refused: 0)
            for _ in 0..<100_000 {
                var head = original
                for _ in 0..<Int.random(in: 1...4) { head[.random(in: 4..<160)] = .random(in: 0...255) }
                guard let header = QcowHeader(head) else { continue }
                do {
                    try QcowInspection(header: header, size: 196_616).check(head)
                    verdicts.taken += 1
                    #expect(header.backingFileOffset == 0 && header.snapshots == 0 && header.encryption == 0)
                } catch { verdicts.refused += 1 }
            }
            #expect(verdicts.refused > verdicts.taken)
        }
    }

    @Test("is not taken as raw, nor raw as qcow2, nor anything else as raw")
    func declared() throws {
        try StoreFixture.with { fixture in
            let qcow2 = try fixture.qcow2()
            #expect(refusal { try fixture.fetch(try fixture.source(qcow2, format: .raw)) } == .UnsafeImage)
            let raw = StoreFixture.random(4096)
            #expect(refusal { try fixture.fetch(try fixture.source(raw, format: .qcow2)) } == .UnsafeImage)
            for magic in ["KDMV", "conectix", "vhdxfile", "QED\0", "<<< Oracle VM", "\u{1F}"] {
                var bytes = Array(magic.utf8) + raw
                if magic == "\u{1F}" { bytes[1] = 0x8B }
                #expect(refusal { try fixture.fetch(try fixture.source(bytes)) } == .UnsafeImage, "\(magic)")
            }
        }
    }

    @Test("is declared by the list, in any case of letters, and by nothing else")
    func format() throws {
        #expect(try ImageFormat.declared("QCOW2") == (.qcow2, .plain))
        #expect(try ImageFormat.declared("raw") == (.raw, .plain))
        #expect(try ImageFormat.declared("OVA") == (.qcow2, .ova))
        #expect(try ImageFormat.declared("raw.gz") == (.raw, .gzip))
        #expect(try ImageFormat.declared("Qcow2.XZ") == (.qcow2, .xz))
        for text in ["ova.gz", "raw.gz.gz", "vdi.gz", "gz", ".gz", "vmdk", "", "qcow2 ", "a\nb"] {
            let error = #expect(throws: Refusal.self) { try ImageFormat.declared(text) }
            #expect(error?.name == .ImageUnavailable)
        }
        #expect(throws: Refusal.self) { try ImageFormat.declared(nil) }
    }
}
