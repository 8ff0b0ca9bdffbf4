import Foundation
import JSON
import Job
import TestSupport
import Testing
import Unix

@testable import Audit

@Suite("The audit log") struct AuditLogTests {
    static let now = Timestamp(seconds: 1_800_000_000)
    static var soon: Deadline { Deadline(seconds: 20) }

    static func with(lines: Int = 0, _ body: (AuditLog) throws -> Void) throws {
        try withScratch { scratch in
            let log = AuditLog(path: scratch + "/log/audit.jsonl")
            for index in 0..<lines { try log.append(event(index), at: now + Int64(index), before: soon) }
            try body(log)
        }
    }

    static func event(_ index: Int) -> AuditEvent {
        AuditEvent(.start, [.init("job", .string("demo-\(index)")), .init("uid", .integer(1000))])
    }

    static func lines(_ log: AuditLog) throws -> [JSON] {
        try Files.read(log.path, limit: 1 << 24).split(separator: 0x0A).map { try JSON(parsing: Array($0)) }
    }

    static func verdict(_ log: AuditLog, head: String? = nil) throws -> AuditLog.Verdict {
        try log.verify(head: head, before: soon)
    }

    @Test("has one JSON object a line, numbered and tied to the line before, in a file of root's alone")
    func format() throws {
        try Self.with(lines: 3) { log in
            let lines = try Self.lines(log)
            #expect(lines.map { $0["seq"]?.integer } == [1, 2, 3])
            #expect(lines[0]["previous"]?.text == String(repeating: "0", count: 64))
            #expect(lines[1]["previous"] == lines[0]["hash"] && lines[2]["previous"] == lines[1]["hash"])
            #expect(lines[2]["time"]?.text == "2027-01-15T08:00:02Z")
            #expect(lines[2]["event"]?.text == "start")
            #expect(lines[2]["fields"]?["job"]?.text == "demo-2")
            #expect(try Files.status(log.path)?.mode == 0o600)
            #expect(try Files.status(Files.parent(log.path))?.mode == 0o700)
            let head = AuditLog.Head(sequence: 3, hash: lines[2]["hash"]?.text ?? "")
            #expect(try log.head(before: Self.soon) == head)
        }
    }

    @Test("can be checked with sha256sum and nothing else")
    func independent() throws {
        try Self.with(lines: 2) { log in
            let script = """
                tail -n 1 \(log.path) | sed 's/,"hash":"[0-9a-f]*"}$//' | tr -d '\\n' | sha256sum | cut -d' ' -f1
                """
            let sum = try run("/bin/sh", ["-c", script]).text.prefix(64)
            #expect(try log.head(before: Self.soon)?.hash == String(sum))
        }
    }

    @Test("that is as written says how many lines and which hash")
    func intact() throws {
        try Self.with(lines: 5) { log in
            let head = try #require(try log.head(before: Self.soon)?.hash)
            #expect(
                try Self.verdict(log)
                    == .init(files: 1, first: 1, lines: 5, head: head, torn: [], isAnchored: false))
            try log.append(Self.event(9), at: Self.now, before: Self.soon)
            #expect(try Self.verdict(log, head: head).isAnchored)
        }
    }

    @Test("with any one byte changed is found out")
    func everyByte() throws {
        try Self.with(lines: 4) { log in
            let bytes = try Files.read(log.path, limit: 1 << 20)
            let head = try log.head(before: Self.soon)?.hash
            let lastLine = (bytes.dropLast().lastIndex(of: 0x0A) ?? 0) + 1
            var unseen: [Int] = []
            for index in bytes.indices {
                for change: UInt8 in [1, 0x0A ^ bytes[index]] where change != 0 {
                    var damaged = bytes
                    damaged[index] ^= change
                    try Files.write(damaged, to: log.path)
                    #expect(throws: AuditError.self, "byte \(index)") { try Self.verdict(log, head: head) }
                    if (try? Self.verdict(log)) != nil { unseen.append(index) }
                }
            }
            // Without an anchor a damaged end looks like a writer that died.
            #expect(unseen.allSatisfy { $0 >= lastLine })
        }
    }

    @Test("with a line removed, doubled, moved or put in is found out, and the line is named")
    func lineWise() throws {
        try Self.with(lines: 5) { log in
            let lines = try Files.read(log.path, limit: 1 << 20).split(separator: 0x0A).map(Array.init)
            func broken(_ changed: [[UInt8]]) throws -> Int? {
                try Files.write(Array(changed.joined(separator: [0x0A])) + [0x0A], to: log.path)
                do {
                    _ = try Self.verdict(log)
                    return nil
                } catch AuditError.broken(_, let line, _) { return line }
            }
            #expect(try broken(lines) == nil)
            #expect(try broken(Array(lines[1...])) == 1)
            #expect(try broken([lines[0]] + lines[2...]) == 2)
            #expect(try broken([lines[0], lines[1], lines[1]] + lines[2...]) == 3)
            #expect(try broken([lines[0], lines[2], lines[1], lines[3], lines[4]]) == 2)
            #expect(try broken([lines[0], Array("{}".utf8)] + lines[1...]) == 2)
            #expect(try broken([lines[0], []] + lines[1...]) == 2)
        }
    }

    @Test("whose end was removed is found out by the head that was kept outside, and only by that")
    func tail() throws {
        try Self.with(lines: 5) { log in
            let head = try #require(try log.head(before: Self.soon)?.hash)
            let lines = try Files.read(log.path, limit: 1 << 20).split(separator: 0x0A).map(Array.init)
            try Files.write(Array(lines[..<4].joined(separator: [0x0A])) + [0x0A], to: log.path)
            #expect(throws: AuditError.headMissing(path: log.path, head: head)) {
                try Self.verdict(log, head: head)
            }
            #expect(try Self.verdict(log).isAnchored == false)
        }
    }

    @Test("cut at any byte of its last line goes on, records what it found and is no tampering")
    func torn() throws {
        try Self.with(lines: 3) { log in
            let bytes = try Files.read(log.path, limit: 1 << 20)
            let lastLine = (bytes.dropLast().lastIndex(of: 0x0A) ?? 0) + 1
            for cut in lastLine..<bytes.count {
                try Files.write(Array(bytes[..<cut]), to: log.path)
                let isTorn = cut > lastLine && cut < bytes.count - 1
                #expect(try Self.verdict(log).torn.map(\.line) == (isTorn ? [3] : []))
                try log.append(Self.event(7), at: Self.now, before: Self.soon)
                let verdict = try Self.verdict(log)
                #expect(verdict.torn.map(\.line) == (isTorn ? [3] : []), "cut at \(cut)")
                #expect(verdict.lines == (cut == lastLine ? 3 : 4))
                let text = String(decoding: try Files.read(log.path, limit: 1 << 20), as: UTF8.self)
                #expect(text.contains("\"event\":\"torn\"") == isTorn)
            }
        }
    }

    @Test("torn again while what was torn is being recorded goes on all the same")
    func tornTwice() throws {
        try Self.with(lines: 2) { log in
            let good = try Files.read(log.path, limit: 1 << 20)
            try Files.write(good + Array("{\"seq\":3,\"prev".utf8), to: log.path)
            try log.append(Self.event(7), at: Self.now, before: Self.soon)
            let closed = try Files.read(log.path, limit: 1 << 20)
            for cut in (good.count + 1)..<closed.count {
                try Files.write(Array(closed[..<cut]), to: log.path)
                try log.append(Self.event(8), at: Self.now, before: Self.soon)
                let verdict = try Self.verdict(log)
                #expect(verdict.torn.isEmpty == false, "cut at \(cut)")
                #expect(try verdict.head == log.head(before: Self.soon)?.hash)
            }
        }
    }

    @Test("whose very first line was torn begins with a record of that")
    func tornFirst() throws {
        try Self.with { log in
            try Files.makeDirectories(Files.parent(log.path), mode: 0o700)
            try Files.write("{\"seq\":1,\"pre", to: log.path)
            try log.append(Self.event(0), at: Self.now, before: Self.soon)
            #expect(try Self.verdict(log).torn.map(\.line) == [1])
            #expect(try Self.verdict(log).lines == 2)
        }
    }

    @Test("does not take a removed line for a torn one")
    func noExcuse() throws {
        try Self.with(lines: 3) { log in
            let bytes = try Files.read(log.path, limit: 1 << 20)
            try Files.write(bytes + Array("{\"seq\":4,\"prev".utf8), to: log.path)
            try log.append(Self.event(7), at: Self.now, before: Self.soon)
            var text = String(decoding: try Files.read(log.path, limit: 1 << 20), as: UTF8.self)
            text = text.replacingOccurrences(of: "{\"seq\":4,\"prev\n", with: "{\"seq\":4,\"other\n")
            try Files.write(text, to: log.path)
            #expect(
                throws: AuditError.broken(
                    path: log.path, line: 4, why: "it is not what the writer after it found")
            ) {
                try Self.verdict(log)
            }
        }
    }

    @Test("keeps one line for text from a guest, bounded and marked untrusted")
    func untrusted() throws {
        try Self.with { log in
            let hostile =
                "a\nb\r\u{2028}\u{85}\0\"}],\"event\":\"admission\"\u{1B}[2J"
                + String(repeating: "ü", count: 9000)
            try log.append(
                AuditEvent(.end, [.init("said", AuditEvent.untrusted(hostile))]), at: Self.now,
                before: Self.soon)
            let bytes = try Files.read(log.path, limit: 1 << 20)
            #expect(bytes.count { $0 == 0x0A } == 1)
            #expect(!bytes.contains { $0 < 0x20 && $0 != 0x0A })
            let said = try #require(try Self.lines(log)[0]["fields"]?["said"]?["untrusted"]?.text)
            #expect(hostile.hasPrefix(said) && said.utf8.count <= 2048 && said.utf8.count > 2000)
            #expect(try Self.lines(log)[0]["event"]?.text == "end")
            #expect(try Self.verdict(log).lines == 1)
        }
    }

    @Test("refuses an event that is longer than a line, and stays as it was")
    func tooLong() throws {
        try Self.with(lines: 1) { log in
            let long = AuditEvent(.notice, [.init("text", .string(String(repeating: "x", count: 40_000)))])
            #expect(throws: AuditError.tooLong(event: "notice", limit: 32 << 10)) {
                try log.append(long, at: Self.now, before: Self.soon)
            }
            let verdict = try Self.verdict(log)
            #expect(verdict.lines == 1)
        }
    }

    @Test("written by many at once stays one chain")
    func concurrent() async throws {
        let scratch = NSTemporaryDirectory() + "/bivouac-test-" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: scratch) }
        let log = AuditLog(path: scratch + "/audit.jsonl")
        try await withThrowingTaskGroup(of: Void.self) { group in
            for writer in 0..<8 {
                group.addTask {
                    for index in 0..<25 {
                        try log.append(
                            Self.event(writer * 100 + index), at: Self.now, before: Deadline(seconds: 60))
                    }
                }
            }
            try await group.waitForAll()
        }
        let verdict = try Self.verdict(log)
        #expect(verdict.lines == 200)
        #expect(verdict.torn.isEmpty)
    }

    @Test("that cannot be written says so: no line, no start")
    func unwritable() throws {
        try Self.with(lines: 1) { log in
            try Files.remove(log.path)
            try Files.makeDirectory(log.path, mode: 0o700)
            #expect(throws: AuditError.self) {
                try log.append(Self.event(1), at: Self.now, before: Self.soon)
            }
            let lock = try FileLock.acquire(log.path + ".lock", before: Self.soon)
            #expect(throws: AuditError.locked(path: log.path)) {
                try log.append(Self.event(1), at: Self.now, before: Deadline(seconds: 0))
            }
            withExtendedLifetime(lock) {}
        }
    }

    @Test("whose last line was changed goes on from the line before, and is still found out")
    func changedLast() throws {
        try Self.with(lines: 3) { log in
            let text = String(decoding: try Files.read(log.path, limit: 1 << 20), as: UTF8.self)
            try Files.write(text.replacingOccurrences(of: "demo-2", with: "demo-9"), to: log.path)
            try log.append(Self.event(5), at: Self.now, before: Self.soon)
            #expect(throws: AuditError.broken(path: log.path, line: 3, why: "it was changed")) {
                try Self.verdict(log)
            }
        }
    }
}
