import Audit
import Foundation
import Glibc
import JSON
import Job
import Testing
import Unix

extension HookTests {
    @Suite("An operator who looks back")
    struct AuditVerbTests {
        private func json(_ node: Node, _ words: [String]) throws -> Any {
            let run = try node.bivouac(words + ["--json"])
            guard run.status == 0 else { throw Harness.error("\(words): \(run.status) \(run.errors)") }
            return try JSONSerialization.jsonObject(with: run.output, options: .fragmentsAllowed)
        }

        private func machines(_ node: Node, _ conditions: String...) throws -> [[String: Any]] {
            let answer = try json(node, ["job", "list", "--where"] + conditions) as? [String: Any]
            return answer?["machines"] as? [[String: Any]] ?? []
        }

        /// A node with a job that was refused and one whose machine could not be started.
        private func node() throws -> Node {
            let node = try Node()
            try node.configure(queue: ["classes": "[1]"])
            #expect(try node.prologue().status == 0)
            try node.configure()
            #expect(try node.prologue(JobOnNode(id: "4712")).status == 69)
            return node
        }

        @Test("finds a past job by any one fact of it, and all others with it")
        func ties() throws {
            let node = try node()
            let row = try #require(try machines(node, "job=4712").first)
            #expect(row["image"] as? String == "demo/minimal" && row["vo"] as? String == "demo")
            #expect(row["started"] as? String != nil && row["ended"] as? String != nil)
            #expect((row["evidence"] as? String)?.hasSuffix("/t-4712.0") == true)
            for field in ["user", "uuid", "node", "queue", "vo", "list", "endorser"] {
                let value = try #require(row[field] as? String, "\(field)")
                let found = try machines(node, "\(field)=\(value)").compactMap { $0["job"] as? String }
                #expect(found.contains("t-4712"), "\(field)")
            }
            let digest = try #require(row["sha512"] as? String)
            #expect(try machines(node, "image=\(digest.prefix(12))", "job=t-4712").count == 1)
            #expect(try machines(node, "time=2001-01-01").isEmpty)
            #expect(try machines(node, "job=4711").first?["refusal"] as? String == "ClassNotAllowed")
            for (field, why) in [("mac", "network"), ("ip", "network"), ("dn", "grid name")] {
                let run = try node.bivouac("job", "list", "--where", "\(field)=x")
                #expect(run.status == 0 && run.errors.contains(why), "\(field)")
            }
            for wrong in ["colour=red", "user", "=x", "time=yesterday", "time=2026-11-21..2026-11-20"] {
                #expect(try node.bivouac("job", "list", "--where", wrong).status == 64, "\(wrong)")
            }
        }

        @Test("is shown the lines of a job, of an event, and the last ones")
        func show() throws {
            let node = try node()
            func events(_ words: [String]) throws -> [String] {
                let lines = try json(node, ["audit", "show"] + words) as? [[String: Any]]
                return (lines ?? []).compactMap { $0["event"] as? String }
            }
            #expect(try events(["--where", "job=t-4712"]) == ["admission", "start", "end"])
            #expect(try events(["--event", "refusal"]) == ["refusal"])
            #expect(try events(["--limit", "2"]) == ["start", "end"])
            #expect(try events(["--since", "2101-01-01"]) == [])
            #expect(try node.bivouac("audit", "show", "--event", "nonsense").status == 64)
        }

        @Test("is shown no text that could deceive her, and all of it as JSON")
        func printable() throws {
            let node = try Node()
            let log = AuditLog(path: node.path("var/log/bivouac/audit.jsonl"))
            let text = "a\u{202E}b\u{2066}c\u{200B}d\u{1B}e\\f\u{2028}g"
            _ = try log.append(
                AuditEvent(.ready, [.init("agent", AuditEvent.untrusted(text))]), at: .init(seconds: 0),
                before: Deadline(seconds: 20))
            let shown = try node.bivouac("audit", "show", "--event", "ready").text
            #expect(
                shown.hasSuffix(
                    " ready agent={\"untrusted\":\"a\\u{202e}b\\u{2066}c\\u{200b}d\\u001be\\\\f\\u2028g\"}\n"
                ),
                "\(shown)")
            let lines = try json(node, ["audit", "show", "--event", "ready"]) as? [[String: Any]]
            let fields = lines?.first?["fields"] as? [String: [String: String]]
            #expect(fields?["agent"]?["untrusted"] == text)
        }

        @Test("rotates the log, and it stays one chain and one memory")
        func rotate() throws {
            let node = try node()
            let head = try node.bivouac("audit", "head").text.filter { !$0.isNewline }
            let file = try node.bivouac("audit", "rotate").text.filter { !$0.isNewline }
            #expect(FileManager.default.fileExists(atPath: file))
            #expect(try node.audit().map(\.event) == ["continued", "operator"])
            let verdict = try json(node, ["audit", "verify", "--head", head]) as? [String: Any]
            #expect(verdict?["files"] as? Int == 2 && verdict?["anchored"] as? Bool == true)
            #expect(try machines(node, "job=4712").count == 1)
            #expect(try node.bivouac("image", "history", "demo/minimal").errors == "")
            try FileManager.default.moveItem(atPath: file, toPath: file + ".gz")
            let history = try node.bivouac("image", "history", "demo/minimal")
            #expect(history.errors.contains("lines 1 to ") && history.text.isEmpty, "\(history.text)")
            #expect(try node.bivouac("audit", "verify").text.contains("older files are not here"))
            #expect(try node.bivouac("audit", "verify", "--head", head).status == 69)
        }

        @Test("misses no end that could not be logged: the next tick writes it, after a reboot too")
        func late() throws {
            let node = try node()
            let path = node.live(JobOnNode(id: "4712")) + "/record.json"
            let record = try String(contentsOfFile: path, encoding: .utf8)
            // As if nobody had come to log its end.
            let changed = record.replacing("\"phase\":\"captured\"", with: "\"phase\":\"running\"")
                .replacing("\"captured\":\"", with: "\"earlier\":\"")
            try Data(changed.utf8).write(to: URL(fileURLWithPath: path))
            let logs = node.path("var/log/bivouac")
            try FileManager.default.moveItem(atPath: logs, toPath: logs + ".away")
            try node.write("var/log/bivouac", "in the way")
            #expect(try node.epilogue(JobOnNode(id: "4712")).status == 0)
            #expect(try node.epilogue().status == 0)
            try FileManager.default.removeItem(atPath: logs)
            try FileManager.default.moveItem(atPath: logs + ".away", toPath: logs)
            #expect(try node.audit().filter { $0.event == "end" }.count == 1)
            try FileManager.default.removeItem(atPath: node.path("run"))
            let tick = try node.bivouac("tick")
            #expect(tick.status == 0, "\(tick.errors)")
            let ends = try node.audit().filter { $0.event == "end" }
            #expect(ends.count == 2)
            #expect(ends.last?.fields["job"] as? String == "t-4712")
            #expect(ends.last?.fields["happened"] as? String != nil)
            #expect(try node.bivouac("audit", "verify").status == 0)
        }

        @Test("misses no refusal, wherever a prologue is killed: what the record says stands in the log")
        func refusals() throws {
            let node = try Node()
            try node.configure(queue: ["classes": "[1]"])
            func prologue(_ number: Int, under words: [String]) throws -> JobOnNode {
                let job = JobOnNode(id: "\(number)")
                try Launch.run(
                    words + Built.prologue,
                    environment: job.environment.merging(["BIVOUAC_ROOT": node.root]) { $1 })
                return job
            }
            #expect(try node.phase(prologue(1, under: Trace.recording(node.path("trace")))) == "refused")
            var refused = 0
            for (number, call) in try Trace(node.path("trace")).momentsAtSteps.enumerated() {
                let job = try prologue(100 + number, under: Trace.killing(at: call))
                guard try node.phase(job) == "refused" else { continue }
                refused += 1
                let lines = try node.audit().filter { $0.fields["job"] as? String == "t-\(job.id)" }
                #expect(lines.map(\.event) == ["refusal"], "killed before \(call)")
            }
            #expect(refused > 0)
        }

        @Test("sees by the log that a manifest or an end state is not what was written")
        func tampered() throws {
            let node = try node()
            let path = try #require(try machines(node, "job=4712").first?["evidence"] as? String)
            func damaged() throws -> [String]? {
                let run = try node.bivouac("evidence", "show", path, "--json")
                let shown = try JSONSerialization.jsonObject(with: run.output) as? [[String: Any]]
                let damaged = shown?.first?["damaged"] as? [String]
                #expect(run.status == (damaged == [] ? 0 : 65), "\(run.errors)")
                return damaged
            }
            #expect(try damaged() == [])
            for (file, old, new) in [
                ("manifest.json", "\"physics\"", "\"chemistry\""),
                ("end.json", "\"refused\"", "\"epilogue\""),
            ] {
                let name = "var/lib/bivouac/evidence/\(path)/\(file)"
                let whole = try String(contentsOfFile: node.path(name), encoding: .utf8)
                #expect(whole.contains(old))
                try node.write(name, whole.replacing(old, with: new))
                #expect(try damaged() == [file])
                try FileManager.default.removeItem(atPath: node.path(name))
                #expect(try damaged()?.contains(file) == true)
                try node.write(name, whole)
            }
            #expect(try damaged() == [])
        }

        @Test("has numbers for a monitor that any reader of OpenMetrics takes")
        func metrics() throws {
            let node = try node()
            _ = try node.bivouac("tick")
            let text = try node.bivouac("metrics").text
            let lines = text.split(separator: "\n")
            #expect(lines.last == "# EOF")
            #expect(lines.contains("bivouac_machines{phase=\"refused\"} 1"))
            #expect(lines.contains("bivouac_refusals_total{name=\"ClassNotAllowed\"} 1"))
            for name in [
                "store_bytes", "evidence_bytes", "evidence_held_bytes", "last_tick_timestamp_seconds",
                "last_tick_status",
            ] {
                #expect(lines.contains { $0.hasPrefix("bivouac_\(name) ") }, "\(name)")
            }
            #expect(lines.contains { $0.hasPrefix("bivouac_list_age_seconds{list=\"demo\"} ") })
            let sample = #/bivouac_[a-z_]+(\{[a-z]+="[^"\\]*"\})? -?[0-9]+/#
            let comment = #/# (HELP|TYPE) bivouac_[a-z_]+ .+/#
            for line in lines.dropLast() {
                #expect(line.wholeMatch(of: sample) != nil || line.wholeMatch(of: comment) != nil, "\(line)")
            }
        }

        @Test("is told that a job which does not run can neither be paused nor looked into")
        func notRunning() throws {
            let node = try node()
            for words in [["suspend"], ["resume"], ["quarantine", "--reason", "a look"], ["top"]] {
                let run = try node.bivouac(["job", words[0], "4711"] + words.dropFirst())
                #expect([65, 69].contains(run.status), "\(words)")
                #expect(run.errors.contains("refused"), "\(words): \(run.errors)")
            }
            #expect(try node.phase() == "refused")
            #expect(try node.bivouac("evidence", "replay", "4711").status == 65)
            #expect(try node.bivouac("job", "suspend", "1").status == 65)
        }
    }
}
