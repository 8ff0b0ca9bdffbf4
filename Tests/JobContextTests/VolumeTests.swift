import Foundation
import TestSupport
import Testing
import Unix

@testable import JobContext

@Suite("A volume") struct VolumeTests {
    static let files = [
        Volume.File("context.sh", .bytes(Array("A='b'\n".utf8))),
        Volume.File("a-name_that.is-longer-than-eight-and-three", mode: 0o555, .bytes([0, 255, 10])),
        Volume.File("empty", .bytes([])),
        Volume.File("large", .bytes((0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 31) })),
    ]

    static let nested = [
        Volume.File("openstack/latest/user_data", .bytes([1])),
        Volume.File("openstack/latest/meta_data.json", .bytes([2, 3])), Volume.File("top", .bytes([4])),
        Volume.File("ec2/latest/user-data", .bytes([5])),
    ]

    @Test("has directories where names have slashes", arguments: ["config-2", "cidata", "A_B"])
    func directories(label: String) throws {
        let iso = ISO9660Reader(bytes: try Self.image(try Volume(label: label, files: Self.nested)))
        #expect(iso.label == label)
        #expect(
            Set(iso.entries.map { "\(String($0.mode, radix: 8)) \($0.name)" })
                == ["40555 ec2", "40555 openstack", "100444 top"])
        let files = try withScratch { scratch in
            try Volume(label: label, files: Self.nested).write(newFile: scratch + "/a.iso", mode: 0o444)
            let listed = try run("/usr/bin/bsdtar", ["-tf", scratch + "/a.iso"])
            return Set(listed.text.split(separator: "\n").map(String.init))
        }
        #expect(files.isSuperset(of: Self.nested.map(\.name)))
    }

    static func image(_ volume: Volume) throws -> [UInt8] {
        try withScratch { scratch in
            try volume.write(newFile: scratch + "/image.iso", mode: 0o444)
            return [UInt8](try Data(contentsOf: URL(fileURLWithPath: scratch + "/image.iso")))
        }
    }

    @Test("is read back with its label, names, modes, bytes and root as owner")
    func readBack() throws {
        let iso = ISO9660Reader(bytes: try Self.image(try Volume(label: "CONTEXT", files: Self.files)))
        #expect(iso.label == "CONTEXT")
        #expect(iso.bytes.count % 2048 == 0)
        let entries = iso.entries.sorted { $0.name < $1.name }
        for (entry, file) in zip(entries, Self.files.sorted { $0.name < $1.name }) {
            guard case .bytes(let content) = file.content else { continue }
            #expect(
                entry
                    == .init(
                        name: file.name, mode: Int(file.mode) | 0o100000, uid: 0, gid: 0, content: content))
        }
        #expect(entries.count == Self.files.count)
        #expect(iso.joliet.sorted() == Self.files.map(\.name).sorted())
    }

    @Test("is the same bytes at another time, in another time zone and under another TMPDIR")
    func reproducible() throws {
        let volume = try Volume(label: "config-2", files: Self.files + Self.nested)
        let before = ProcessInfo.processInfo.environment["TZ"]
        defer {
            if let before { unsafe setenv("TZ", before, 1) } else { unsafe unsetenv("TZ") }
            tzset()
        }
        unsafe setenv("TZ", "UTC", 1)
        tzset()
        let first = try Self.image(volume)
        unsafe setenv("TZ", "Pacific/Chatham", 1)
        tzset()
        // The clock of ISO 9660 counts whole seconds.
        Thread.sleep(forTimeInterval: 1.1)
        #expect(try Self.image(volume) == first)
    }

    @Test("holds no date, no owner and no name of the machine it was made on")
    func nothingOfTheMaker() throws {
        let volume = try Volume(label: "CONTEXT", files: Self.files)
        let image = try Self.image(volume)
        let year = UInt8(Calendar(identifier: .gregorian).component(.year, from: Date()) - 1900)
        let month = UInt8(Calendar(identifier: .gregorian).component(.month, from: Date()))
        for offset in 0..<(image.count - 300_000 - 2) where image[offset] == year {
            #expect(image[offset + 1] != month, "a date of today at \(offset)")
        }
    }

    @Test("copies a large file in pieces")
    func copies() throws {
        try withScratch { scratch in
            let content = Data((0..<5_000_001).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ $0 >> 8) })
            try content.write(to: URL(fileURLWithPath: scratch + "/agent"))
            let volume = try Volume(
                label: "BIVOUAC", files: [.init("bivouac-guest", mode: 0o555, .copy(of: scratch + "/agent"))])
            let iso = ISO9660Reader(bytes: try Self.image(volume))
            #expect(iso.entries.map(\.content) == [[UInt8](content)])
            #expect(iso.entries.map(\.mode) == [0o100555])
        }
    }

    @Test("does not copy what is no regular file", arguments: ["/dev/zero", "/tmp", "/nonexistent"])
    func copiesFilesOnly(path: String) throws {
        let volume = try Volume(label: "BIVOUAC", files: [.init("agent", .copy(of: path))])
        #expect(throws: ContextError.self) { try Self.image(volume) }
    }

    @Test(
        "refuses names that are no plain file names",
        arguments: ["", ".", "..", "a//b", "/a", "a/", "a/../b", "a/b/c/d/e", "a b", ".hidden", "ä", "a\n"])
    func names(name: String) {
        #expect(throws: ContextError.invalidName(name)) {
            try Volume(label: "CONTEXT", files: [.init(name, .bytes([]))])
        }
    }

    @Test("refuses one name twice, in whatever case")
    func twice() {
        #expect(throws: ContextError.invalidName("A")) {
            try Volume(label: "CONTEXT", files: [.init("a", .bytes([])), .init("A", .bytes([]))])
        }
    }

    @Test(
        "refuses labels that a reader could show in another way",
        arguments: ["", "A B", "A,joliet", "a\nb", "ä", "SEVENTEEN_LETTERS"])
    func labels(label: String) {
        #expect(throws: ContextError.invalidLabel(label)) { try Volume(label: label, files: []) }
    }

    @Test("whose head is damaged is refused, never misread")
    func damagedHead() throws {
        let image = try Self.image(try Volume(label: "CONTEXT", files: Self.files))
        let head = Array(image.prefix(ISO9660Head.limit))
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<2_000 {
            var damaged = head
            for _ in 0..<8 {
                damaged[.random(in: (32 * 1024)..<(64 * 1024), using: &generator)] = .random(in: 0...255)
            }
            // Whatever it says, the length stays: nothing is written outside.
            if let result = ISO9660Head.normalised(damaged, label: "CONTEXT") {
                #expect(result.count == damaged.count)
            }
        }
        #expect(ISO9660Head.normalised(Array(head.prefix(40_000)), label: "CONTEXT") == nil)
        #expect(ISO9660Head.normalised([], label: "CONTEXT") == nil)
        #expect(ISO9660Head.normalised(head, label: "CONTEXT") != nil)
    }
}
