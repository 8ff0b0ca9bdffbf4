import JSON
import Job
import TestSupport
import Testing
import Unix

@testable import Audit

@Suite("A search of the audit log") struct SearchTests {
    private typealias Base = AuditLogTests

    private static func event(
        _ name: AuditEvent.Name, _ job: Int, attempt: Int = 0, user: String, _ more: [JSON.Member] = []
    ) -> AuditEvent {
        AuditEvent(
            name,
            [
                .init("job", .string("demo-\(job)")), .init("attempt", .integer(Int64(attempt))),
                .init("user", .string(user)), .init("uid", .integer(Int64(1000 + job))),
                .init("vo", .string(job % 2 == 0 ? "even" : "odd")),
                .init("sha512", .string("\(job)\(job)abcdef" + String(repeating: "0", count: 100))),
                .init("uuid", .string("uuid-\(job)-\(attempt)")),
            ] + more)
    }

    /// Jobs 1 to 9; job N runs from N * 100 to N * 100 + 250 seconds, job 9 runs still.
    private static func with(_ body: (AuditLog) throws -> Void) throws {
        try Base.with { log in
            var events: [(Int64, AuditEvent)] = []
            for job in 1...9 {
                let user = job < 5 ? "alice" : "bob"
                events.append((Int64(job * 100), event(.admission, job, user: user)))
                events.append((Int64(job * 100), event(.start, job, user: user)))
                guard job < 9 else { continue }
                let exit = [JSON.Member("cause", .string("epilogue")), JSON.Member("exit", .string("0:0"))]
                events.append((Int64(job * 100 + 250), event(.end, job, user: user, exit)))
            }
            for (second, event) in events.sorted(by: { $0.0 < $1.0 }) {
                try log.append(event, at: Base.now + second, before: Base.soon)
                if second == 500 { _ = try log.rotate(at: Base.now, before: Base.soon) }
            }
            try body(log)
        }
    }

    private static func jobs(
        _ log: AuditLog, _ conditions: [AuditCondition], _ span: ClosedRange<Int64>? = nil, limit: Int = 100
    ) throws -> [String] {
        let span = span.map { (Base.now + $0.lowerBound)...(Base.now + $0.upperBound) }
        let search = MachineSearch(conditions: conditions, span: span, limit: limit)
        return try search.run(in: log).rows.map(\.job)
    }

    @Test("ties any one fact of a machine to all others")
    func ties() throws {
        try Self.with { log in
            let conditions = [
                AuditCondition(["job"], is: "demo-4"), AuditCondition(["user", "uid"], is: "1004"),
                AuditCondition(["uuid"], is: "uuid-4-0"), AuditCondition(["sha512"], beginsWith: "44abcdef"),
            ]
            for condition in conditions {
                let answer = try MachineSearch(conditions: [condition], span: nil, limit: 10).run(in: log)
                let row = try #require(answer.rows.first)
                #expect(answer.rows.count == 1 && !answer.isCut)
                #expect(row.job == "demo-4" && row.user == "alice" && row.uid == 1004 && row.vo == "even")
                #expect(row.uuid == "uuid-4-0" && row.sha512?.hasPrefix("44abcdef") == true)
                #expect(row.started == Base.now + 400 && row.ended == Base.now + 650)
                #expect(row.cause == "epilogue" && row.exit == "0:0")
            }
        }
    }

    @Test("finds all of a user's machines, the newest first, in every file of the log")
    func user() throws {
        try Self.with { log in
            let alice = AuditCondition(["user", "uid"], is: "alice")
            let found = try Self.jobs(log, [alice])
            #expect(found == ["demo-4", "demo-3", "demo-2", "demo-1"])
            let even = AuditCondition(["vo"], is: "even")
            #expect(try Self.jobs(log, [alice, even]) == ["demo-4", "demo-2"])
            #expect(try Self.jobs(log, [AuditCondition(["user"], is: "alic")]) == [])
        }
    }

    @Test("by time finds what ran then, and only that")
    func time() throws {
        try Self.with { log in
            #expect(try Self.jobs(log, [], 451...451) == ["demo-4", "demo-3"])
            #expect(try Self.jobs(log, [], 450...451) == ["demo-4", "demo-3", "demo-2"])
            #expect(try Self.jobs(log, [], 5000...6000) == ["demo-9"])
            #expect(try Self.jobs(log, [], 0...99) == [])
            let odd = AuditCondition(["vo"], is: "odd")
            #expect(try Self.jobs(log, [odd], 400...420) == ["demo-3"])
            let span = (Base.now + 451)...(Base.now + 451)
            let rows = try MachineSearch(conditions: [], span: span, limit: 1).run(in: log).rows
            #expect(rows.first?.ended == Base.now + 650 && rows.first?.exit == "0:0")
        }
    }

    @Test("ends at its limit with whole rows, and says that there is more")
    func limit() throws {
        try Self.with { log in
            // The last line but one is of the end of job 8; by time, the last start counts.
            let all = Base.now...(Base.now + 9999)
            for (span, jobs) in [(nil, ["demo-8", "demo-7"]), (all, ["demo-9", "demo-8"])] {
                let answer = try MachineSearch(conditions: [], span: span, limit: 2).run(in: log)
                #expect(answer.rows.map(\.job) == jobs && answer.isCut)
                #expect(answer.rows.allSatisfy { $0.started != nil })
            }
        }
    }

    @Test("tells two starts of one job apart")
    func attempts() throws {
        try Base.with { log in
            for attempt in 0...1 {
                try log.append(
                    Self.event(.start, 7, attempt: attempt, user: "eve"), at: Base.now, before: Base.soon)
            }
            let answer = try MachineSearch(
                conditions: [AuditCondition(["job"], is: "demo-7")], span: nil, limit: 9
            ).run(in: log)
            #expect(answer.rows.map(\.attempt) == [1, 0])
            #expect(answer.rows.map(\.uuid) == ["uuid-7-1", "uuid-7-0"])
        }
    }

    @Test("leaves lines out that are not intact, and lines that only look like it")
    func damaged() throws {
        try Base.with { log in
            try log.append(Self.event(.start, 1, user: "alice"), at: Base.now, before: Base.soon)
            let forged = "x\",\"user\":\"mallory"
            try log.append(
                Self.event(.start, 2, user: "bob", [.init("said", AuditEvent.untrusted(forged))]),
                at: Base.now, before: Base.soon)
            #expect(try Self.jobs(log, [AuditCondition(["user"], is: "mallory")]) == [])
            let text = String(decoding: try Files.read(log.path, limit: 1 << 20), as: UTF8.self)
            try Files.write(text.replacing("\"alice\"", with: "\"carol\""), to: log.path)
            #expect(try Self.jobs(log, [AuditCondition(["user"], is: "carol")]) == [])
            #expect(try Self.jobs(log, [AuditCondition(["user"], is: "bob")]) == ["demo-2"])
        }
    }

    @Test("by event hands over the newest lines first")
    func events() throws {
        try Self.with { log in
            var seen: [Int64] = []
            try log.search(events: [.end]) { entry in
                seen.append(entry.time - Base.now)
                return seen.count < 3 ? .more : .enough
            }
            #expect(seen == [1050, 950, 850])
        }
    }

    @Test("is at home in files of any length, torn ones included")
    func lengths() throws {
        try Base.with { log in
            let filler = String(repeating: "x", count: 30_000)
            for index in 0..<300 {
                let event = Self.event(.start, index, user: "u\(index)", [.init("filler", .string(filler))])
                try log.append(event, at: Base.now, before: Base.soon)
            }
            try FileDescriptor.open(log.path, [.write, .append]).write("{\"seq\":301,\"prev")
            #expect(try Self.jobs(log, [], limit: 1000).count == 300)
            #expect(try Self.jobs(log, [AuditCondition(["user"], is: "u0")]) == ["demo-0"])
        }
    }

    @Test("does not read an ending that was logged late as if it had happened then")
    func late() throws {
        try Base.with { log in
            let late = LateEvents(directory: Files.parent(log.path) + "/late")
            let event = Self.event(.end, 1, user: "alice", [.init("cause", .string("epilogue"))])
            try log.append(Self.event(.start, 1, user: "alice"), at: Base.now, before: Base.soon)
            try late.keep(event, as: "bivouac-demo-1.0", at: Base.now + 10)
            try late.keep(event, as: "bivouac-demo-1.0", at: Base.now + 10)
            #expect(try late.flush(to: log, at: Base.now + 500, before: Base.soon) == (1, []))
            #expect(try late.flush(to: log, at: Base.now + 600, before: Base.soon) == (0, []))
            let line = try #require(try Base.lines(log).last)
            #expect(line["event"]?.text == "end" && line["fields"]?["cause"]?.text == "epilogue")
            #expect(line["fields"]?["happened"]?.text == (Base.now + 10).description)
            let conditions = [AuditCondition(["job"], is: "demo-1")]
            let rows = try MachineSearch(conditions: conditions, span: nil, limit: 1).run(in: log).rows
            #expect(rows.first?.ended == Base.now + 10)
            #expect(try Self.jobs(log, [], 5...20) == ["demo-1"])
            #expect(try Self.jobs(log, [], 20...30) == [])
        }
    }

    @Test("logs late endings also beside one that cannot be read, which stays")
    func stuck() throws {
        try Base.with { log in
            let directory = Files.parent(log.path) + "/late"
            let late = LateEvents(directory: directory)
            for index in 1...3 {
                try late.keep(
                    Self.event(.end, index, user: "alice"), as: "bivouac-demo-\(index).0", at: Base.now + 10)
            }
            let torn = directory + "/bivouac-demo-2.0"
            try Files.write("{\"event\":\"end\"", to: torn)
            let other = directory + "/notes"
            try Files.write("{\"event\":\"party\",\"happened\":\"now\",\"fields\":{}}", to: other)
            let directoryThere = directory + "/old"
            try Files.makeDirectory(directoryThere, mode: 0o700)
            let flushed = try late.flush(to: log, at: Base.now + 500, before: Base.soon)
            #expect(flushed.logged == 2)
            #expect(Set(flushed.stuck) == [torn, other, directoryThere])
            #expect(try Self.jobs(log, []) == ["demo-3", "demo-1"])
            #expect(try Base.lines(log).count == 2)
            #expect(Set(try Files.names(in: directory)) == ["bivouac-demo-2.0", "notes", "old"])
        }
    }
}
