import Foundation
import Testing
import Unix

@Suite("Reading and writing at an offset") struct OffsetTests {
    @Test("reads what is there, and less only at the end")
    func read() throws {
        let scratch = try Scratch()
        try Files.write("0123456789", to: scratch.path + "/file")
        let file = try FileDescriptor.open(scratch.path + "/file", [.readWrite])
        #expect(try file.read(upTo: 4, at: 3) == Array("3456".utf8))
        #expect(try file.read(upTo: 4, at: 8) == Array("89".utf8))
        #expect(try file.read(upTo: 4, at: 10) == [])
        try file.write(Array("xy".utf8), at: 9)
        try file.truncate(to: 12)
        #expect(try file.read(upTo: 100, at: 0) == Array("012345678xy".utf8) + [0])
    }

    @Test("hands over a large file in pieces, whole and in order")
    func pieces() throws {
        let scratch = try Scratch()
        let bytes = (0..<2_500_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        try Files.write(bytes, to: scratch.path + "/file")
        var read: [UInt8] = []
        try FileDescriptor.open(scratch.path + "/file", [.read]).pieces { read += $0 }
        #expect(read == bytes)
    }

    @Test("with holes gives the same bytes", arguments: [0, 1, 4095, 4096, 4097, 8192, 20_000])
    func sparse(zeros: Int) throws {
        let scratch = try Scratch()
        let some = [UInt8](repeating: 9, count: 5000)
        let none = [UInt8](repeating: 0, count: zeros)
        for (index, bytes) in [none, some + none, none + some, none + some + none + some].enumerated() {
            let file = try FileDescriptor.open("\(scratch.path)/file\(index)", [.readWrite, .create])
            try file.writeSparsely(bytes, at: 0)
            try file.truncate(to: Int64(bytes.count))
            #expect(try file.read(upTo: 50_000, at: 0) == bytes)
        }
    }
}

@Suite("A file's identity") struct FileIdentityTests {
    @Test("survives its text form, and nothing that is no identity is taken for one")
    func text() throws {
        let scratch = try Scratch()
        try Files.write("a", to: scratch.path + "/file")
        let identity = FileIdentity(try #require(try Files.status(scratch.path + "/file")))
        #expect(FileIdentity(identity.description) == identity)
        #expect(try JSONDecoder().decode(FileIdentity.self, from: JSONEncoder().encode(identity)) == identity)
        for text in ["", "1:2:3:4", "1:2:3:4:5:6", "1:2:3:4:x", "-1:2:3:4:5"] {
            #expect(FileIdentity(text) == nil)
        }
    }

    @Test("changes with every write, also one that leaves length and times of change alone")
    func change() throws {
        let scratch = try Scratch()
        let path = scratch.path + "/file"
        try Files.write("a", to: path)
        let before = try #require(try Files.status(path))
        Thread.sleep(forTimeInterval: 0.02)
        try FileDescriptor.open(path, [.write]).write([7], at: 0)
        let modified = Date(timeIntervalSince1970: Double(before.modified) / 1e9)
        try FileManager.default.setAttributes([.modificationDate: modified], ofItemAtPath: path)
        #expect(FileIdentity(try #require(try Files.status(path))) != FileIdentity(before))
    }
}
