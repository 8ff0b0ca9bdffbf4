import Foundation
import Testing
import Unix

/// A directory of its own for one test, removed when the value ends.
struct Scratch: ~Copyable {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "bivouac-test-" + UUID().uuidString
        try Files.makeDirectory(path, mode: 0o700)
    }

    deinit { try? Files.removeTree(path) }
}

@Suite("Files are written as a whole and removed without following links")
struct FilesTests {
    @Test("a file has the new content or the old one, the asked mode, and no temporary name stays")
    func atomic() throws {
        let scratch = try Scratch()
        let path = scratch.path + "/record"
        try Files.write("one", to: path, mode: 0o644)
        try Files.write("two", to: path, mode: 0o600)
        #expect(try Files.read(path, limit: 10) == Array("two".utf8))
        #expect(try Files.status(path)?.mode == 0o600)
        #expect(try Files.names(in: scratch.path) == ["record"])
    }

    @Test("a write that fails leaves the old content")
    func failedWrite() throws {
        let scratch = try Scratch()
        #expect(throws: UnixError.self) { try Files.write("x", to: scratch.path + "/missing/record") }
        #expect(try Files.names(in: scratch.path).isEmpty)
    }

    @Test("a file longer than the limit is not read")
    func limit() throws {
        let scratch = try Scratch()
        try Files.write("four", to: scratch.path + "/f")
        let error = #expect(throws: UnixError.self) { try Files.read(scratch.path + "/f", limit: 3) }
        #expect(error?.code == UnixError.tooLarge)
    }

    @Test("a directory, a pipe or a link to nowhere is not read as a file")
    func kinds() throws {
        let scratch = try Scratch()
        #expect(throws: UnixError.self) { try Files.read(scratch.path, limit: 10) }
        #expect(unsafe mkfifo(scratch.path + "/pipe", 0o600) == 0)
        #expect(throws: UnixError.self) { try Files.read(scratch.path + "/pipe", limit: 10) }
    }

    @Test("removing a tree removes a link and not what it points to")
    func links() throws {
        let scratch = try Scratch()
        try Files.makeDirectories(scratch.path + "/tree/a/b", mode: 0o755)
        try Files.makeDirectory(scratch.path + "/kept", mode: 0o755)
        try Files.write("x", to: scratch.path + "/kept/file")
        #expect(unsafe symlink(scratch.path + "/kept", scratch.path + "/tree/a/b/link") == 0)
        try Files.removeTree(scratch.path + "/tree")
        #expect(!Files.exists(scratch.path + "/tree"))
        #expect(Files.exists(scratch.path + "/kept/file"))
        try Files.removeTree(scratch.path + "/tree")
    }
}

@Suite("A lock has one holder")
struct FileLockTests {
    private func isFree(_ path: String) throws -> Bool {
        switch try FileLock.tryAcquire(path) {
        case .some: true
        case nil: false
        }
    }

    @Test("a second taker gets nothing, and the lock when the first lets go")
    func exclusive() throws {
        let scratch = try Scratch()
        let path = scratch.path + "/lock"
        do {
            let held = try FileLock.acquire(path, before: Deadline(seconds: 1))
            #expect(try isFree(path) == false)
            let error = #expect(throws: UnixError.self) {
                _ = try FileLock.acquire(path, before: Deadline(milliseconds: 20))
            }
            #expect(error?.code == UnixError.timedOut)
            _ = consume held
        }
        #expect(try isFree(path))
    }

    @Test("a lock on a file that was removed meanwhile is no lock")
    func removed() throws {
        let scratch = try Scratch()
        let path = scratch.path + "/lock"
        let held = try FileLock.acquire(path, before: Deadline(seconds: 1))
        try Files.remove(path)
        #expect(try isFree(path))
        _ = consume held
    }
}

@Suite("A child is run to its end, within bounds")
struct ChildTests {
    @Test("output, errors and status come back; the environment is the given one alone")
    func result() throws {
        let result = try Child.run(
            "/bin/sh", ["-c", "env; echo bad >&2; exit 3"], environment: ["PATH=/bin", "ONLY=this"],
            seconds: 10)
        #expect(result.end == .exited(3))
        let lines = String(decoding: result.output, as: UTF8.self).split(separator: "\n")
        #expect(lines.contains("ONLY=this") && !lines.contains { $0.hasPrefix("HOME=") })
        #expect(result.errors == Array("bad\n".utf8))
    }

    @Test("arguments reach the child as they are")
    func arguments() throws {
        let result = try Child.run("/bin/echo", ["-n", "a b;$(id)\n", "*"], seconds: 10)
        #expect(result.output == Array("a b;$(id)\n *".utf8))
    }

    @Test("death by a signal is told as that")
    func signal() throws {
        #expect(try Child.run("/bin/sh", ["-c", "kill -9 $$"], seconds: 10).end == .killed(signal: 9))
    }

    @Test("a child that goes on is killed with all that it started")
    func overTime() throws {
        let result = try Child.run("/bin/sh", ["-c", "sleep 1000 & echo $!; wait"], seconds: 1)
        #expect(result.end == .overTime)
        let pid = try #require(Int32(String(decoding: result.output, as: UTF8.self).dropLast()))
        for _ in 0..<500 where kill(pid, 0) == 0 && !isZombie(pid) { usleep(10_000) }
        #expect(kill(pid, 0) != 0 || isZombie(pid))
    }

    private func isZombie(_ pid: Int32) -> Bool {
        guard let status = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8) else {
            return true
        }
        return status.contains(") Z ")
    }

    @Test("a child that nobody waits for ends with its value")
    func forgottenChild() throws {
        let scratch = try Scratch()
        let path = scratch.path + "/pid"
        do {
            let child = try Child.start(
                "/bin/sh", ["-c", "echo $$ >\(path); exec sleep 1000"], seconds: 1000)
            while (try? Files.read(path, limit: 64))?.last != 0x0A { usleep(1000) }
            withExtendedLifetime(child) {}
        }
        let text = String(decoding: try Files.read(path, limit: 64), as: UTF8.self)
        let pid = try #require(Int32(text.dropLast()))
        #expect(kill(pid, 0) == -1)
    }

    @Test("a child that says too much is killed")
    func overOutput() throws {
        #expect(try Child.run("/usr/bin/yes", [], seconds: 10, outputLimit: 1 << 16).end == .overOutput)
    }

    @Test("a program that is missing is an error that names it")
    func missing() {
        let error = #expect(throws: UnixError.self) { try Child.run("/bivouac/none", [], seconds: 1) }
        #expect(error?.description.contains("/bivouac/none") == true)
    }
}
