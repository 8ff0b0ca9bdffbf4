import Command
import Evidence
import Foundation
import Job
import Testing
import Unix

@testable import bivouac_operator

extension HookTests {
    @Suite("bivouac evidence")
    struct EvidenceVerbTests {
        private static let begin = Timestamp(seconds: 1_700_000_000)

        /// Evidence of a machine that ended long ago, its user's name as given.
        static func keep(
            _ node: Node, _ name: String, user: String = "eve",
            image: String = String(repeating: "a", count: 128), overlay: String? = nil, end: EndState? = nil
        ) throws -> String {
            let machine = try #require(MachineName(name))
            let state = StartState(
                name: machine, recorded: begin,
                account: Account(
                    name: user, uid: 1000, gid: 1000, groups: [], home: "/home/eve", shell: "/bin/sh"),
                queue: "vm", project: "",
                resources: Resources(cpus: 1, memory: .mebibytes(256), end: begin + 3600),
                image: .init(
                    name: "demo/minimal", identifier: "0b6e", version: "1",
                    sha512: image, size: 1, format: "qcow2",
                    virtualSize: 1 << 20,
                    uri: "file:///image", class: 2),
                endorsement: .init(
                    list: "demo", identifier: "9c0a", version: "3", sha256: "", created: begin,
                    expires: begin + 86_400, endorser: "eve", dn: "/CN=Eve", ca: "/CN=CA", serial: "1",
                    vo: "demo", seconds: []),
                machine: .init(
                    domain: machine.domain, uuid: "6a1f5dd5-8d3b-4a06-9f3f-6a2f4d0f3b11",
                    account: "bivouac-vm0", uid: 990, cpus: [0], memory: .mebibytes(160),
                    virtualization: "qemu", reason: "no vmx", tools: "", overlay: "", network: "none"),
                node: .init(host: "node1", kernel: "6.1", bivouac: "0.1", libvirt: "9", hypervisor: "7"),
                phases: ["received": begin])
            let store = EvidenceStore(directory: node.path("var/lib/bivouac/evidence"))
            let path = try store.recordStart(state, files: [], signedList: Array("list".utf8)).path
            let usual = EndState(
                ended: begin + 70, cause: "epilogue", by: "batch system",
                phases: ["received": begin, "running": begin + 5, "ending": begin + 69], exit: "0:0",
                refusal: nil, usage: nil)
            try store.recordEnd(end ?? usual, at: path, console: nil, overlay: overlay)
            return path
        }

        private static func bivouac(_ node: Node, _ words: String...) throws -> Outcome {
            try Launch.run([Built.bivouac, "evidence"] + words, environment: ["BIVOUAC_ROOT": node.root])
        }

        private static func audit(_ node: Node) throws -> [String] {
            try String(contentsOfFile: node.path("var/log/bivouac/audit.jsonl"), encoding: .utf8)
                .split(separator: "\n").map(String.init)
        }

        @Test("hold, release, export and prune are in the audit log with who did it and to which machine")
        func audited() throws {
            let node = try Node()
            let held = try Self.keep(node, "t-1.0")
            let other = try Self.keep(node, "t-2.0")
            #expect(try Self.bivouac(node, "hold", "t-1", "--reason", "incident 7").status == 0)
            #expect(try Self.bivouac(node, "prune", "--dry-run").text == other + "\n")
            #expect(node.evidence == ["t-1.0", "t-2.0"])
            #expect(try Self.bivouac(node, "prune").text == other + "\n")
            #expect(node.evidence == ["t-1.0"])
            let archive = node.path("archive.tar")
            #expect(try Self.bivouac(node, "export", held, "-o", archive).status == 0)
            #expect(try Self.bivouac(node, "export", held, "-o", archive).status == 64)
            #expect(try Self.bivouac(node, "release", held).status == 0)
            #expect(try Self.bivouac(node, "release", held).status == 65)
            let lines = try Self.audit(node)
            for (words, path) in [
                ("\"action\":\"evidence hold\"", held), ("\"action\":\"evidence release\"", held),
                ("\"action\":\"evidence export\"", held), ("\"event\":\"retention\"", other),
            ] {
                let found = lines.filter { $0.contains(words) && $0.contains("\"evidence\":\"\(path)\"") }
                #expect(found.count == 1, "\(words)")
                #expect(found.allSatisfy { $0.contains("6a1f5dd5-8d3b-4a06-9f3f-6a2f4d0f3b11") })
            }
            let sum = try Launch.require([
                "/usr/bin/env", "-C", node.root, "sha512sum", "-c", "archive.tar.sha512",
            ])
            #expect(sum.text.contains("OK"))
            let digest = try String(contentsOfFile: archive + ".sha512", encoding: .utf8).prefix(128)
            #expect(lines.contains { $0.contains("\"archive\":\"\(digest)\"") })
        }

        @Test("prune spares a machine whose files outlived its job's record, as after a reboot")
        func outlived() throws {
            let node = try Node()
            let path = try Self.keep(node, "t-1.0")
            let machine = node.path("var/lib/bivouac/machines/t-1.0")
            try FileManager.default.createDirectory(atPath: machine, withIntermediateDirectories: true)
            #expect(try Self.bivouac(node, "prune").text == "")
            try FileManager.default.removeItem(atPath: machine)
            #expect(try Self.bivouac(node, "prune").text == path + "\n")
            #expect(node.evidence == [])
        }

        @Test("a path without evidence is refused with 65, evidence that is locked with 75")
        func statuses() throws {
            let node = try Node()
            let path = try Self.keep(node, "t-1.0")
            let missing = try Self.bivouac(node, "hold", path + "2", "--reason", "incident 7")
            #expect(missing.status == 65)
            #expect(missing.errors.contains("no evidence of '\(path)2' is on this node"))
            #expect(try Self.bivouac(node, "show", "../secret").status == 65)
            let lock = try FileLock.tryAcquire(node.path("var/lib/bivouac/evidence/lock"))
            let locked = try Self.bivouac(node, "hold", path, "--reason", "incident 7")
            #expect(locked.status == 75, "\(locked.errors)")
            withExtendedLifetime(lock) {}
        }

        @Test("an archive with any byte changed is found out by its digest")
        func tampered() throws {
            let node = try Node()
            let path = try Self.keep(node, "t-1.0")
            let archive = node.path("archive.tar")
            #expect(try Self.bivouac(node, "export", path, "-o", archive).status == 0)
            let whole = try Data(contentsOf: URL(fileURLWithPath: archive))
            for index in stride(from: 0, to: whole.count, by: whole.count / 12) {
                var wrong = whole
                wrong[index] ^= 1
                try wrong.write(to: URL(fileURLWithPath: archive))
                let check = try Launch.run(
                    ["/usr/bin/sha512sum", "-c", "archive.tar.sha512"], directory: node.root)
                #expect(check.status == 1, "\(index)")
            }
        }

        @Test("show --html is one page that nobody's words can break out of")
        func page() throws {
            let node = try Node()
            let path = try Self.keep(node, "t-1.0", user: "<script>alert('x')</script>")
            #expect(try Self.bivouac(node, "hold", path, "--reason", "\"><img src=x>\u{202E}").status == 0)
            let page = try Self.bivouac(node, "show", path, "--html")
            #expect(page.status == 0, "\(page.errors)")
            #expect(page.text.hasPrefix("<!DOCTYPE html>"))
            #expect(!page.text.contains("<script") && !page.text.contains("<img"))
            #expect(page.text.contains("&lt;script&gt;alert(&#39;x&#39;)"))
            #expect(!page.text.contains("\u{202E}"))
            for words in ["agent ready", "+64 s", "end: epilogue, by batch system, exit 0:0"] {
                #expect(page.text.contains(words), "\(words)")
            }
            Self.expectClosed(page.text)
        }

        /// Every element that is opened is closed, in order.
        private static func expectClosed(_ page: String) {
            var open: [Substring] = []
            for tag in page.matches(of: /<(\/?)([a-z0-9]+)[^>]*?(\/?)>/) {
                if tag.3 == "/" || tag.2 == "meta" { continue }
                if tag.1 == "" {
                    open.append(tag.2)
                } else {
                    let last = open.popLast()
                    #expect(last == tag.2)
                }
            }
            #expect(open == [])
        }

        @Test("no name in a guest's file system breaks out of the page, or of its own place in it")
        func hostilePaths() throws {
            let node = try Node(refreshed: false)
            let store = EvidenceStore(directory: node.path("var/lib/bivouac/evidence"))
            let entry = try store.entry(try Self.keep(node, "t-1.0"))
            let word = "</td></tr></table><script>x</script>\"'&amp;\u{202E}\u{2028}\u{1B}\n<!--"
            let facts: [String: Any] = [
                "type": "link", "mode": "0777", "uid": 0, "gid": 0, "size": 1, "modified": 0, "target": word,
                "device": word, "attributes": [word],
            ]
            let change: [String: Any] = [
                "path": "/" + word, "kind": "added", "aspects": [], "before": NSNull(), "after": facts,
            ]
            let part: [String: Any] = [
                "name": word, "start": 0, "size": 1, "foreign": false, "kind": word, "changedBytes": 1,
                "unlinked": 0, "cut": false, "unread": [word], "changes": [change],
            ]
            let told: [String: Any] = ["parts": [part], "findings": [word], "outsideBytes": 0]
            let output = try JSONSerialization.data(withJSONObject: told)
            let page = EvidencePage(
                path: entry.path, entry: entry, timeline: JobTimeline(entry, []), damaged: [word],
                difference: .success(try Verbs.difference(Array(output))))
            let text = EvidencePage.document([page], at: Self.begin).description
            // Its name, target, device and attribute; the part's name and kind; unread, finding and damaged file.
            #expect(
                text.components(separatedBy: "&lt;script&gt;x&lt;/script&gt;&quot;&#39;&amp;amp;").count == 10
            )
            #expect(!text.contains("<script") && !text.contains("<!--"))
            for scalar in ["\u{202E}", "\u{2028}", "\u{1B}"] { #expect(!text.contains(scalar)) }
            Self.expectClosed(text)
            #expect(page.status == 65)
        }

        @Test("show --html exits as diff does where a disk was kept that cannot be compared")
        func pageStatuses() throws {
            let node = try Node(refreshed: false)
            try node.write("overlay", "no disk")
            let path = try Self.keep(node, "t-1.0", overlay: node.path("overlay"))
            let diff = try Self.bivouac(node, "diff", path)
            let page = try Self.bivouac(node, "show", path, "--html")
            #expect(diff.status != 0 && page.status == diff.status)
            #expect(page.text.hasSuffix("</html>\n"))
        }

        @Test("the timeline shows every moment in the order of a job's life, and whose word it is")
        func timeline() throws {
            let node = try Node(refreshed: false)
            let store = EvidenceStore(directory: node.path("var/lib/bivouac/evidence"))
            let phases = [
                "submitted", "received", "admitted", "prepared", "starting", "booting", "running", "paused",
                "resumed", "ending",
            ]
            let end = EndState(
                ended: Self.begin, cause: "epilogue", phases: .init(phases.map { ($0, Self.begin) }) { $1 },
                exit: nil, refusal: nil, payload: Self.begin, terminated: Self.begin, usage: nil)
            let path = try Self.keep(node, "t-1.0", end: end)
            let names = JobTimeline(try store.entry(path), []).moments.map(\.name)
            #expect(
                names == [
                    "job submitted, says the batch system", "job arrives", "image admitted",
                    "machine prepared", "start state durable, libvirt starts the machine", "guest boots",
                    "agent ready", "payload begins, says the guest", "stopped by an operator", "runs again",
                    "payload told to end (TERM), says the guest", "machine is being ended", "end: epilogue",
                ])
        }

        @Test("diff without a kept disk, and of evidence that is not there, says so")
        func noDisk() throws {
            let node = try Node()
            let path = try Self.keep(node, "t-1.0")
            let outcome = try Self.bivouac(node, "diff", path)
            #expect(outcome.status == 65 && outcome.errors.contains("end_state"))
            #expect(try Self.bivouac(node, "diff", "t-9").status == 65)
        }

        @Test("the program that reads disks is nobody and can do nothing but read what is open")
        func confined() throws {
            let node = try Node(refreshed: false)
            let base = node.path("base.raw")
            let overlay = node.path("overlay.qcow2")
            let trace = node.path("trace")
            try Data(repeating: 7, count: 1 << 20).write(to: URL(fileURLWithPath: base))
            try Launch.require([
                "/usr/bin/qemu-img", "create", "-q", "-f", "qcow2", "-b", base, "-F", "raw", overlay,
            ])
            try Launch.require([
                "/usr/bin/qemu-io", "-f", "qcow2", "-c", "write -q -P 9 4096 65536", overlay,
            ])
            let program = Built.directory + "/bivouac-difference"
            let outcome = try Launch.require([
                "/bin/sh", "-c", "exec strace -f -o \"$1\" \"$2\" raw 3<\"$3\" 4<\"$4\"", "sh", trace,
                program, base,
                overlay,
            ])
            #expect(outcome.text.contains("\"changedBytes\":65536"))
            let calls = try String(contentsOfFile: trace, encoding: .utf8).split(separator: "\n").map(
                String.init)
            let limit = try #require(calls.firstIndex { $0.contains("PR_SET_SECCOMP") })
            let before = calls[..<limit].joined(separator: "\n")
            #expect(before.contains("setresuid(65534, 65534, 65534)"))
            #expect(before.contains("setgroups(0"))
            let names = Set(
                calls[(limit + 1)...].compactMap { $0.firstMatch(of: /^(?:\d+ +)?([a-z0-9_]+)\(/)?.1 })
            #expect(names.isSuperset(of: ["pread64", "write", "exit_group"]))
            #expect(
                names.intersection(["open", "openat", "socket", "execve", "clone", "clone3", "kill"]) == [])
        }
    }
}
