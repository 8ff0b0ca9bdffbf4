import Foundation
import TestSupport
import Testing
import Unix

@testable import JobContext

@Suite("The tools volume") struct ToolsVolumeTests {
    static func withAgent(_ body: (_ agent: String, _ directory: String) throws -> Void) throws {
        try withScratch { scratch in
            let agent = scratch + "/agent"
            try Data((0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 13) }).write(
                to: URL(fileURLWithPath: agent))
            chmod755(agent)
            try body(agent, scratch + "/tools")
        }
    }

    static func chmod755(_ path: String, _ mode: Int = 0o755) {
        try? FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
    }

    @Test("holds the agent, executable, under the name of its digest, readable and writable by nobody")
    func made() throws {
        try Self.withAgent { agent, directory in
            let volume = try ToolsVolume.current(agent: agent, in: directory, before: Deadline(seconds: 10))
            #expect(volume.path == "\(directory)/\(volume.digest).iso")
            let sum = try run("/usr/bin/sha512sum", [volume.path])
            #expect(sum.text.prefix(128) == volume.digest)
            #expect(try Files.status(volume.path)?.mode == 0o444)
            let iso = ISO9660Reader(bytes: [UInt8](try Data(contentsOf: URL(fileURLWithPath: volume.path))))
            #expect(iso.label == "BIVOUAC")
            #expect(iso.entries.map(\.name) == ["bivouac-guest"])
            #expect(iso.entries.map(\.mode) == [0o100555])
            #expect(iso.entries.first?.content == [UInt8](try Data(contentsOf: URL(fileURLWithPath: agent))))
        }
    }

    @Test("is made once, and found again without being read")
    func once() throws {
        try Self.withAgent { agent, directory in
            let first = try ToolsVolume.current(agent: agent, in: directory, before: Deadline(seconds: 10))
            let inode = try Files.status(first.path)?.inode
            #expect(
                try ToolsVolume.current(agent: agent, in: directory, before: Deadline(seconds: 10)) == first)
            #expect(try Files.status(first.path)?.inode == inode)
        }
    }

    @Test("has the same bytes for the same agent, and others for another")
    func byContent() throws {
        try Self.withAgent { agent, directory in
            let first = try ToolsVolume.current(agent: agent, in: directory, before: Deadline(seconds: 10))
            // The same bytes in another file.
            try FileManager.default.copyItem(atPath: agent, toPath: agent + ".new")
            try Files.rename(agent + ".new", to: agent)
            #expect(
                try ToolsVolume.current(agent: agent, in: directory, before: Deadline(seconds: 10)) == first)
            try Files.write("another agent", to: agent, mode: 0o755)
            let second = try ToolsVolume.current(agent: agent, in: directory, before: Deadline(seconds: 10))
            #expect(second.digest != first.digest)
            #expect(
                Set(try Files.names(in: directory)) == [
                    "\(first.digest).iso", "\(second.digest).iso", "index", "lock",
                ])
        }
    }

    @Test(
        "that was changed, removed or half written is made again", arguments: ["append", "remove", "index"])
    func damaged(how: String) throws {
        try Self.withAgent { agent, directory in
            let first = try ToolsVolume.current(agent: agent, in: directory, before: Deadline(seconds: 10))
            switch how {
            case "append": try FileDescriptor.open(first.path, [.write, .append]).write("x")
            case "remove": try Files.remove(first.path)
            default: try Files.write("{", to: directory + "/index")
            }
            try Files.write("torn", to: directory + "/new.iso")
            let again = try ToolsVolume.current(agent: agent, in: directory, before: Deadline(seconds: 10))
            #expect(again == first)
            #expect(try run("/usr/bin/sha512sum", [again.path]).text.prefix(128) == again.digest)
        }
    }

    @Test("is not made of an agent that others may write")
    func untrusted() throws {
        try Self.withAgent { agent, directory in
            Self.chmod755(agent, 0o775)
            #expect(throws: ContextError.untrustedAgent(agent)) {
                try ToolsVolume.current(agent: agent, in: directory, before: Deadline(seconds: 10))
            }
        }
    }
}
