import Command
import Foundation
import Job
import JobMachine
import Site
import TestSupport
import Testing
import Unix

@testable import bivouac_operator

extension HookTests {
    @Suite("What operators do", .needsRoot) struct OperatorLogTests {
        /// Verbs that change nothing, or that nobody orders: a timer's `tick`, and files in a folder of one's own.
        private static let reading: Set = [
            "list show", "list history", "list verify", "list template", "endorser list", "endorser show",
            "image list", "image show", "image history", "image verify", "job list", "job show", "job xml",
            "job console", "job top", "disk list", "evidence list", "evidence show", "evidence diff",
            "audit show", "audit head", "audit verify", "metrics", "tick", "doctor",
        ]

        /// Each of the others as it is typed, in an order in which each can begin.
        private static func changing(_ node: Node) -> [[String]] {
            [
                ["list", "refresh", "demo"], ["image", "fetch", "demo/minimal"],
                ["image", "pin", "demo/minimal"], ["image", "unpin", "demo/minimal"],
                ["image", "evict", "demo/minimal"], ["image", "prefetch", "demo/minimal"],
                ["image", "deny", "demo/minimal", "--reason", "x"], ["image", "allow", "demo/minimal"],
                ["job", "notify", "1", "--in", "10m", "--reason", "x"], ["job", "suspend", "1"],
                ["job", "resume", "1"], ["job", "quarantine", "1", "--reason", "x"], ["job", "destroy", "1"],
                ["evidence", "hold", "4712", "--reason", "x"], ["evidence", "release", "4712"],
                ["evidence", "export", "4712", "-o", node.path("export.tar")],
                ["evidence", "replay", "4712", "--for", "1s"], ["evidence", "prune"],
                ["disk", "remove", "\(JobOnNode.nobody)"], ["audit", "rotate"],
            ]
        }

        private static let diskFile = "var/lib/bivouac/users/\(JobOnNode.nobody)/disk.raw"

        /// A node on which job 1 runs, as its record says, job 4712 has left a start state, and a user has a disk.
        private static func node() throws -> Node {
            let node = try Node()
            #expect(try node.prologue(JobOnNode(id: "4712")).status == 69)
            #expect(try node.epilogue(JobOnNode(id: "4712")).status == 0)
            let key = try #require(JobKey("t-1"))
            var record = Record(
                job: Job(
                    key: key, attempt: 0,
                    account: Account(
                        name: "root", uid: 0, gid: 0, groups: [], home: "/", shell: "/bin/sh"),
                    queue: "vm", project: "", nodes: 1,
                    resources: Resources(cpus: 1, memory: .mebibytes(256), end: nil), words: []),
                attempt: 0, now: Timestamp(seconds: 0))
            record.phase = .running
            record.lifetime = Lifetime(grace: 60)
            _ = try LiveJob.create(
                record, key: key, places: Places(root: node.root), before: Deadline(seconds: 60))
            try node.write(diskFile, "a user's data")
            return node
        }

        private static func phase(_ node: Node) throws -> String? { try node.phase(JobOnNode(id: "1")) }

        private static func actions(_ node: Node, _ name: String) throws -> [[String: Any]] {
            let shown = try node.bivouac("audit", "show", "--event", "operator", "--json")
            let lines = try JSONSerialization.jsonObject(with: shown.output) as? [[String: Any]]
            return (lines ?? []).compactMap { $0["fields"] as? [String: Any] }
                .filter { ($0["action"] as? String).map { name == $0 || name == "job " + $0 } == true }
        }

        @Test("stands in the audit log with who it was, whichever verb changes anything")
        func everyVerb() throws {
            let node = try Self.node()
            // What job 4712 ran has to stay otherwise.
            try FileManager.default.moveItem(
                atPath: node.path("var/lib/bivouac/evidence"), toPath: node.path("evidence"))
            var left = Set(
                Verbs.all.map { [$0.noun, $0.name].filter { !$0.isEmpty }.joined(separator: " ") }
            ).subtracting(Self.reading)
            #expect(try node.bivouac("image", "evict", "demo/minimal").status == 0)
            for words in Self.changing(node) {
                let name = words[0] + " " + words[1]
                if name == "evidence hold" {
                    try FileManager.default.moveItem(
                        atPath: node.path("evidence"), toPath: node.path("var/lib/bivouac/evidence"))
                }
                let before = try Self.actions(node, name).count
                let run = try node.bivouac(words)
                let lines = try Self.actions(node, name)
                #expect(lines.count == before + 1, "\(name): \(run.status) \(run.errors)")
                #expect((lines.last?["operator"] as? String)?.hasPrefix("uid ") == true, "\(name)")
                #expect(lines.last?["node"] as? String == Process.system.host, "\(name)")
                #expect(left.remove(name) != nil, "\(name)")
            }
            #expect(left.isEmpty, "neither in this test nor among what changes nothing: \(left)")
            #expect(try node.bivouac("audit", "verify").status == 0)
        }

        @Test("does not happen when the audit log takes no line; a quarantine does, and says so")
        func noLine() throws {
            let node = try Self.node()
            let logs = node.path("var/log/bivouac")
            try FileManager.default.moveItem(atPath: logs, toPath: logs + ".away")
            try node.write("var/log/bivouac", "in the way")
            try FileManager.default.removeItem(atPath: node.path("var/lib/bivouac/evidence"))
            let image = try #require(node.names("var/lib/bivouac/images").first { $0.utf8.count == 128 })
            let before = try node.record(JobOnNode(id: "1")) as? NSDictionary
            for words in [
                ["disk", "remove", "\(JobOnNode.nobody)"], ["image", "evict", image],
                ["job", "suspend", "1"],
                ["job", "notify", "1", "--in", "10m", "--reason", "x"], ["job", "destroy", "1"],
            ] {
                let run = try node.bivouac(words)
                #expect(run.status == 69 && run.errors.contains("audit log"), "\(words): \(run.errors)")
            }
            #expect(FileManager.default.fileExists(atPath: node.path(Self.diskFile)))
            #expect(node.names("var/lib/bivouac/images/\(image)").contains("image"))
            #expect(try node.record(JobOnNode(id: "1")) as? NSDictionary == before)
            #expect(try node.bivouac("list", "refresh").status == 75)
            let run = try node.bivouac("job", "quarantine", "1", "--reason", "x")
            #expect(run.status == 69)
            #expect(
                run.errors.contains("the audit log takes no line")
                    && run.errors.contains("could not stop machine"))
            #expect(try Self.phase(node) == "paused")
            // An image that cannot be told of does not come.
            let store = node.path("var/lib/bivouac/images")
            try FileManager.default.removeItem(atPath: "\(store)/\(image)")
            #expect(try node.bivouac("image", "fetch", "demo/minimal").status == 69)
            #expect(!node.names("var/lib/bivouac/images").contains(image))
            try FileManager.default.removeItem(atPath: logs)
            try FileManager.default.moveItem(atPath: logs + ".away", toPath: logs)
            #expect(try node.bivouac("image", "fetch", "demo/minimal").status == 0)
        }

        @Test("with images is told with what became of them: fetched for whom, evicted for what")
        func images() throws {
            let node = try Node()
            func changes() throws -> [[String?]] {
                try node.audit().filter { $0.event == "image" && $0.fields["list"] == nil }.map { line in
                    let image = (line.fields["images"] as? [[String: Any]])?.first
                    return [image?["change"] as? String, line.fields["for"] as? String]
                }
            }
            #expect(try node.prologue().status == 69)
            #expect(try changes() == [["fetched", "job t-4711"]])
            #expect(try node.bivouac("image", "fetch", "demo/minimal").status == 0)
            #expect(try changes().count == 1)
            #expect(try Self.actions(node, "image fetch").isEmpty)
            let history = try node.bivouac("image", "history", "demo/minimal")
            #expect(history.text.contains("fetched") && history.text.contains("started"), "\(history.text)")
        }

        @Test("with the log: head is what is on disk, and what cannot be looked at is no tampering")
        func anchor() throws {
            let node = try Node()
            let trace = node.path("trace")
            let words = [
                "/usr/bin/strace", "-f", "-y", "-e", "trace=fsync", "-o", trace, "--", Built.bivouac,
            ]
            let head = try Launch.run(
                words + ["audit", "head"], environment: ["BIVOUAC_ROOT": node.root])
            #expect(head.status == 0)
            #expect(try String(contentsOfFile: trace, encoding: .utf8).contains("/audit.jsonl>) = 0"))
            let hash = head.text.filter { !$0.isNewline }
            let old = try node.bivouac("audit", "rotate").text.filter { !$0.isNewline }
            #expect(try node.bivouac("image", "unpin", "demo/minimal").status == 0)
            #expect(try node.bivouac("audit", "verify", "--head", hash, "--from", "1").status == 0)
            try FileManager.default.removeItem(atPath: old)
            let elsewhere = try node.bivouac("audit", "verify", "--head", hash, "--json")
            #expect(elsewhere.status == 69 && elsewhere.text.isEmpty, "\(elsewhere.text)")
            #expect(elsewhere.errors.contains("put the older files back"))
            let rest = try node.bivouac("audit", "verify", "--json")
            #expect(rest.status == 0 && rest.text.contains("\"whole\":false"), "\(rest.text)")
            let whole = try node.bivouac("audit", "verify", "--from", "1", "--json")
            #expect(whole.status == 65 && whole.text.contains("\"intact\":false"), "\(whole.text)")
            for wrong in ["0", "x", ""] {
                #expect(try node.bivouac("audit", "verify", "--from", wrong).status == 64, "\(wrong)")
            }
            let logs = node.path("var/log/bivouac")
            try FileManager.default.removeItem(atPath: logs)
            try node.write("var/log/bivouac", "in the way")
            let blind = try node.bivouac("audit", "verify", "--json")
            #expect(blind.status == 69 && blind.text.isEmpty)
        }

        @Test("reaches syslog line for line, the chain's own lines too")
        func syslog() throws {
            let node = try Node()
            let log = node.path("var/log/bivouac/audit.jsonl")
            try FileManager.default.moveItem(atPath: log, toPath: log + ".1")
            let file = try #require(FileHandle(forWritingAtPath: log + ".1"))
            try file.seekToEnd()
            try file.write(contentsOf: Data("{\"seq\":".utf8))
            try file.close()
            let listener = """
                import socket, subprocess, sys
                log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
                log.bind("/dev/log")
                subprocess.run(sys.argv[1:], check=True)
                log.setblocking(False)
                try:
                    while True: print(log.recv(1 << 16).decode().rstrip("\\0\\n"))
                except BlockingIOError: pass
                """
            // A /dev of the test's own; the machine's stays as it is.
            let script = """
                mkdir "$0"
                for name in null zero random urandom; do
                    : >"$0/$name"; mount --bind "/dev/$name" "$0/$name"
                done
                mount --rbind "$0" /dev
                exec "$@"
                """
            let run = try Launch.run(
                [
                    "/usr/bin/unshare", "-m", "/bin/sh", "-euc", script, node.path("dev"), "/usr/bin/python3",
                    "-c", listener, Built.bivouac, "evidence", "prune",
                ], environment: ["BIVOUAC_ROOT": node.root])
            #expect(run.status == 0, "\(run.errors)")
            let sent = run.text.split(separator: "\n").compactMap { line in
                line.firstRange(of: "bivouac: audit: ").map { String(line[$0.upperBound...]) }
            }
            let written = try String(contentsOfFile: log, encoding: .utf8).split(separator: "\n").map(
                String.init)
            #expect(sent == written)
            #expect(try node.audit().map(\.event) == ["continued", "torn", "operator"])
            // Facility daemon, severity info.
            #expect(run.text.split(separator: "\n").allSatisfy { $0.hasPrefix("<30>") }, "\(run.text)")
        }
    }
}
