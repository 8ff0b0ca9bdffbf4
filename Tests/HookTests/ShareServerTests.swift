import Foundation
import Job
import Site
import TestSupport
import Testing
import Unix

@testable import JobMachine

extension Trait where Self == ConditionTrait {
    /// For directories that a machine sees live.
    static var needsVirtiofs: Self {
        .enabled(
            if: FileManager.default.fileExists(atPath: "/usr/lib/qemu/virtiofsd"), "needs QEMU's virtiofsd")
    }
}

extension HookTests {
    @Suite("The server of a directory that a machine sees live", .needsRoot, .needsVirtiofs)
    struct ShareServerTests {
        private static let user = Account(
            name: "nobody", uid: JobOnNode.nobody, gid: JobOnNode.nobody, groups: [], home: "/",
            shell: "/bin/sh")

        /// A machine's directory and one of its user's, which root could read only as somebody else.
        private final class Room {
            let root = "/tmp/bivouac-test-" + String(UUID().uuidString.prefix(8))
            let server: ShareServer

            init() throws {
                for (name, owner, mode) in [
                    ("", 0, 0o755), ("/machine", 0, 0o711), ("/home", Int(user.uid), 0o700),
                ] {
                    try FileManager.default.createDirectory(
                        atPath: root + name, withIntermediateDirectories: false,
                        attributes: [.posixPermissions: mode, .ownerAccountID: owner])
                }
                server = ShareServer(machine: MachineDirectory(path: root + "/machine"), number: 0)
            }

            deinit {
                try? ShareServer.endAll(of: server.machine)
                try? FileManager.default.removeItem(atPath: root)
            }

            func start(_ path: String, readOnly: Bool = false) throws -> String {
                try server.start(
                    .init(path: path, readOnly: readOnly), for: user, Built.share, qemu: 65_533,
                    Deadline(seconds: 30))
            }

            /// The server's process; nil once nobody holds its lock.
            func process() throws -> Int32? {
                let lock = server.machine.shareLock(0)
                guard Files.exists(lock), try FileLock.tryAcquire(lock) == nil else { return nil }
                return Int32(String(decoding: try Files.read(lock, limit: 16), as: UTF8.self))
            }

            func status(_ field: String) throws -> String? {
                let text = try String(contentsOfFile: "/proc/\(process() ?? 0)/status", encoding: .utf8)
                return text.split(separator: "\n").first { $0.hasPrefix(field + ":") }
                    .map { $0.dropFirst(field.count + 1).trimmingCharacters(in: .whitespaces) }
            }
        }

        @Test("is its user in a namespace that knows no other, and says where links have led it")
        func identity() throws {
            let room = try Room()
            try FileManager.default.createSymbolicLink(
                atPath: room.root + "/link", withDestinationPath: room.root + "/home")
            #expect(try room.start(room.root + "/link") == room.root + "/home")
            let ids = Array(repeating: "\(Self.user.uid)", count: 4).joined(separator: "\t")
            #expect(try room.status("Uid") == ids)
            #expect(try room.status("Gid") == ids)
            #expect(try room.status("Groups") == "")
            #expect(try room.status("NoNewPrivs") == "1")
            let process = try #require(try room.process())
            for map in ["uid_map", "gid_map"] {
                let words = try String(contentsOfFile: "/proc/\(process)/\(map)", encoding: .utf8).split {
                    $0.isWhitespace
                }
                #expect(words == ["\(Self.user.uid)", "\(Self.user.uid)", "1"])
            }
            #expect(
                try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(process)/ns/user")
                    != FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/ns/user"))
            // QEMU's account alone may call it.
            let socket = try #require(try Files.status(room.server.machine.shareSocket(0)))
            #expect(socket.uid == 65_533 && socket.mode & 0o077 == 0)
        }

        @Test(
            "takes a directory by any name",
            arguments: ["a,b", "a b,sandbox=chroot", "-o", "'\"$(x)", "ümlaut"])
        func names(name: String) throws {
            let room = try Room()
            let path = "\(room.root)/home/\(name)"
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: false, attributes: [.ownerAccountID: Self.user.uid]
            )
            #expect(try room.start(path) == path)
        }

        @Test("ends when somebody hangs up, and leaves nothing")
        func hangUp() throws {
            let room = try Room()
            _ = try room.start(room.root + "/home", readOnly: true)
            #expect(try room.process() != nil)
            try ShareServer.endAll(of: room.server.machine)
            #expect(try room.process() == nil)
            // Again, as by whoever comes later, and where there never was one.
            try ShareServer.endAll(of: room.server.machine)
            try ShareServer.endAll(of: MachineDirectory(path: room.root + "/none"))
        }

        @Test("is ended by force when it hears nothing")
        func force() throws {
            let room = try Room()
            _ = try room.start(room.root + "/home")
            let process = try #require(try room.process())
            #expect(kill(process, SIGSTOP) == 0)
            try ShareServer.endAll(of: room.server.machine)
            #expect(try room.process() == nil)
        }

        @Test(
            "a directory that the user cannot enter is refused as DirectoryUnavailable, and nothing is left")
        func refused() throws {
            let room = try Room()
            let secret = room.root + "/secret"
            try FileManager.default.createDirectory(
                atPath: secret, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
            for path in [secret, room.root + "/missing", "/proc/self/root"] {
                let room = try Room()
                let fault = #expect(throws: MachineFault.self) { try room.start(path) }
                guard case .refused(let refusal) = fault else {
                    throw Harness.error("\(String(describing: fault))")
                }
                #expect(refusal.name == .DirectoryUnavailable && refusal.message.contains(path), "\(refusal)")
                #expect(try room.process() == nil)
            }
        }
    }
}
