import JSON
import Job
import TestSupport
import Testing
import Unix

@testable import Audit

@Suite("An audit log in several files") struct RotationTests {
    private typealias Base = AuditLogTests

    /// A log of eight lines of ours in three files: two rotated away, as we and as logrotate name them.
    private static func with(_ body: (AuditLog, [String]) throws -> Void) throws {
        try Base.with(lines: 2) { log in
            let first = try #require(try log.rotate(at: Base.now, before: Base.soon))
            for index in 2..<5 { try log.append(Base.event(index), at: Base.now, before: Base.soon) }
            let second = log.path + ".1"
            try Files.rename(log.path, to: second)
            for index in 5..<8 { try log.append(Base.event(index), at: Base.now, before: Base.soon) }
            try body(log, [first, second, log.path])
        }
    }

    private static func lines(_ path: String) throws -> [JSON] {
        try Files.read(path, limit: 1 << 24).split(separator: 0x0A).map { try JSON(parsing: Array($0)) }
    }

    @Test("goes on with the next number and the last hash, in a line that names the file before")
    func goesOn() throws {
        try Self.with { log, files in
            #expect(files[0] == log.path + "-2027-01-15-2")
            let last = try #require(try Self.lines(files[0]).last)
            let next = try Self.lines(files[1])
            #expect(next[0]["previous"] == last["hash"] && next[0]["seq"]?.integer == 3)
            #expect(next[0]["event"]?.text == "continued")
            #expect(next[0]["fields"]?["file"]?.text == "audit.jsonl-2027-01-15-2")
            #expect(next[0]["fields"]?["lines"]?.integer == 2)
            #expect(try Self.lines(files[2]).map { $0["seq"]?.integer } == [7, 8, 9, 10])
        }
    }

    @Test("is verified as one chain")
    func verified() throws {
        try Self.with { log, _ in
            let head = try #require(try log.head(before: Base.soon)?.hash)
            let verdict = try Base.verdict(log, head: head)
            #expect(verdict.files == 3 && verdict.lines == 10 && verdict.first == 1 && verdict.isAnchored)
            #expect(verdict.head == head && verdict.torn.isEmpty)
        }
    }

    @Test("without the oldest files says with which line it begins; without one in the middle is found out")
    func missing() throws {
        try Self.with { log, files in
            try Files.rename(files[0], to: files[0] + ".gz")
            #expect(try Base.verdict(log).first == 3)
            try Files.rename(files[0] + ".gz", to: files[0])
            try Files.remove(files[1])
            #expect(throws: AuditError.self) { try Base.verdict(log) }
        }
    }

    @Test("whose anchored line may be in a file that is not here is not accused, and not believed either")
    func headElsewhere() throws {
        try Self.with { log, files in
            let old = try #require(try Self.lines(files[0]).last?["hash"]?.text)
            let new = try #require(try log.head(before: Base.soon)?.hash)
            #expect(try Base.verdict(log, head: old).isAnchored)
            try Files.remove(files[0])
            #expect(throws: AuditError.headNotHere(path: log.path, head: old, first: 3, last: 10)) {
                try Base.verdict(log, head: old)
            }
            #expect(try Base.verdict(log, head: new).isAnchored)
            #expect(throws: AuditError.beginsLate(path: log.path, first: 3, wanted: 1)) {
                try log.verify(head: new, from: 1, before: Base.soon)
            }
            #expect(try log.verify(head: new, from: 3, before: Base.soon).first == 3)
            for file in files[1...] { try Files.remove(file) }
            #expect(throws: AuditError.beginsLate(path: log.path, first: 0, wanted: 1)) {
                try log.verify(from: 1, before: Base.soon)
            }
        }
    }

    @Test("is verified as it was when its files were opened, whatever becomes of their names meanwhile")
    func verifiedWhileRotated() throws {
        try Self.with { log, files in
            let head = try #require(try log.head(before: Base.soon)?.hash)
            let opened = try log.locked(before: Base.soon) { () throws(AuditError) in try log.open() }
            try Self.turn(log, files)
            let verdict = try log.verify(opened, head: head)
            #expect(verdict.files == 3 && verdict.lines == 10 && verdict.head == head)
        }
    }

    @Test("loses no line to who reads it while it is rotated")
    func readWhileRotated() throws {
        try Self.with { log, files in
            var read: [Int64] = []
            _ = try log.read([.start]) { (entry: AuditEntry) throws in
                if read.isEmpty { try Self.turn(log, files) }
                read.append(entry.sequence)
            }
            #expect(read == [1, 2, 4, 5, 6, 8, 9, 10])
        }
        try Self.with { log, files in
            var found: [Int64] = []
            try log.search(events: [.start]) { entry in
                if found.isEmpty { #expect(throws: Never.self) { try Self.turn(log, files) } }
                found.append(entry.sequence)
                return .more
            }
            #expect(found == [10, 9, 8, 6, 5, 4, 2, 1])
        }
    }

    /// As logrotate does: the oldest goes, the others move on, and a new one begins.
    private static func turn(_ log: AuditLog, _ files: [String]) throws {
        try Files.remove(files[0])
        try Files.rename(files[1], to: log.path + ".2")
        try Files.rename(log.path, to: log.path + ".1")
        try log.append(Base.event(8), at: Base.now, before: Base.soon)
    }

    @Test("with any one byte of an older file changed is found out")
    func everyByte() throws {
        try Self.with { log, files in
            for file in files.dropLast() {
                let bytes = try Files.read(file, limit: 1 << 20)
                for index in bytes.indices {
                    var damaged = bytes
                    damaged[index] ^= 1
                    try Files.write(damaged, to: file)
                    #expect(throws: AuditError.self, "byte \(index) of \(file)") { try Base.verdict(log) }
                }
                try Files.write(bytes, to: file)
            }
            #expect(try Base.verdict(log).lines == 10)
        }
    }

    @Test("with the beginning of a file removed is found out")
    func beginning() throws {
        try Self.with { log, files in
            let bytes = try Files.read(files[2], limit: 1 << 20)
            let second = try #require(bytes.firstIndex(of: 0x0A)) + 1
            try Files.write(Array(bytes[second...]), to: files[2])
            #expect(throws: AuditError.self) { try Base.verdict(log) }
            for file in files[..<2] { try Files.remove(file) }
            #expect(throws: AuditError.self) { try Base.verdict(log) }
        }
    }

    @Test("whose older file was torn at any byte of its last line records that in the new one")
    func torn() throws {
        try Base.with(lines: 2) { log in
            let bytes = try Files.read(log.path, limit: 1 << 20)
            let last = (bytes.dropLast().lastIndex(of: 0x0A) ?? 0) + 1
            for cut in (last + 1)..<(bytes.count - 1) {
                try Files.remove(log.path)
                try Files.write(Array(bytes[..<cut]), to: log.path + ".1")
                try log.append(Base.event(7), at: Base.now, before: Base.soon)
                let verdict = try Base.verdict(log)
                #expect(verdict.lines == 4 && verdict.torn.map(\.line) == [2], "cut at \(cut)")
                #expect(verdict.torn.first?.file == log.path + ".1")
            }
        }
    }

    @Test("of which the present file is empty, as logrotate's create leaves it, goes on all the same")
    func created() throws {
        try Base.with(lines: 2) { log in
            try Files.rename(log.path, to: log.path + ".1")
            try Files.write([], to: log.path)
            #expect(try log.head(before: Base.soon)?.sequence == 2)
            try log.append(Base.event(7), at: Base.now, before: Base.soon)
            #expect(try Base.verdict(log).lines == 4)
        }
    }

    @Test("that holds nothing is not rotated, and nothing is lost by rotating twice")
    func twice() throws {
        try Base.with { log in
            #expect(try log.rotate(at: Base.now, before: Base.soon) == nil)
            try log.append(Base.event(0), at: Base.now, before: Base.soon)
            #expect(try log.rotate(at: Base.now, before: Base.soon) != nil)
            #expect(try log.rotate(at: Base.now, before: Base.soon) == nil)
            #expect(try log.head(before: Base.soon)?.sequence == 1)
        }
    }
}
