import Foundation
import Job
import Testing

/// A way for a job to be refused, on a node that is otherwise in order.
struct RefusalCase: Sendable, CustomTestStringConvertible {
    let name: Refusal.Name
    let what: String
    /// A part of the message that names the thing.
    let names: String
    let job: JobOnNode
    /// Whether the usual list is in force before.
    let isRefreshed: Bool
    let arrange: @Sendable (Node) throws -> Void

    init(
        _ name: Refusal.Name, _ what: String, names: String, job: JobOnNode = JobOnNode(),
        isRefreshed: Bool = true,
        arrange: @escaping @Sendable (Node) throws -> Void = { _ in }
    ) {
        self.name = name
        self.what = what
        self.names = names
        self.job = job
        self.isRefreshed = isRefreshed
        self.arrange = arrange
    }

    var testDescription: String { "\(what): \(name.rawValue)" }

    /// Signs a list in which what the option names is over soon, has it accepted before, and waits until then.
    private static func outlive(_ option: String, _ node: Node) throws {
        try node.write("etc/bivouac/lists.d/demo.toml", node.subscription(node.path("brief.list")))
        for seconds in [3.0, 60] {
            let end = Date(timeIntervalSinceNow: seconds)
            try node.endorsement.sign(node.path("brief.list"), [option, Endorsement.moment(seconds)])
            do {
                try node.refresh()
            } catch {
                // Where this machine was too slow.
                guard seconds < 60, end < Date() else { throw error }
                continue
            }
            Thread.sleep(until: end.addingTimeInterval(1))
            return
        }
    }

    static let byJob: [RefusalCase] = [
        RefusalCase(.RootJob, "a job of root", names: "root", job: JobOnNode(uid: 0)),
        RefusalCase(.MultiNode, "two nodes", names: "2 nodes", job: JobOnNode(nodes: "2")),
        RefusalCase(
            .AmbiguousImage, "two images", names: "demo/minimal and demo/other",
            job: JobOnNode(comment: "image=demo/minimal image=demo/other")),
        RefusalCase(
            .BadImageName, "a path", names: "../../etc/passwd",
            job: JobOnNode(comment: "image=../../etc/passwd")),
        RefusalCase(.BadImageName, "no name", names: "''", job: JobOnNode(comment: "image=")),
        RefusalCase(
            .BadImageName, "a comment of 64 KiB without a space", names: "image=LIST/ALIAS",
            job: JobOnNode(comment: "image=" + String(repeating: "a", count: 65_536))),
        RefusalCase(
            .BadImageName, "a name with control characters", names: "image=LIST/ALIAS",
            job: JobOnNode(comment: "image=demo/\u{1B}[2J\u{7F}\u{202E}")),
        RefusalCase(
            .UnknownImage, "a list the site does not have", names: "nowhere",
            job: JobOnNode(comment: "image=nowhere/minimal")),
        RefusalCase(
            .UnknownImage, "an alias the list does not have", names: "demo/missing",
            job: JobOnNode(comment: "image=demo/missing")),
        RefusalCase(
            .UnknownImage, "an identifier the list does not have", names: "5a5e1e5c",
            job: JobOnNode(comment: "image=demo/5a5e1e5c-8a52-4c0f-9d6c-7d0d6a1f9999")),
    ]

    static let bySite: [RefusalCase] = [
        RefusalCase(.NoImageNamed, "a queue without a default", names: "'vm'") { node in
            try node.configure(queue: ["image": nil])
        },
        RefusalCase(
            .QueueNotAllowed, "an image the queue does not allow", names: "other/*",
            job: JobOnNode(comment: "image=demo/minimal")
        ) { node in
            try node.configure(queue: ["allow": "[\"other/*\"]", "image": nil])
        },
        RefusalCase(.ClassNotAllowed, "a class the queue does not take", names: "class 2") { node in
            try node.configure(queue: ["classes": "[1]"])
        },
        RefusalCase(.UserNotAllowed, "a user the queue is not open to", names: "user 'nobody'") { node in
            try node.configure(queue: ["users": "[\"somebody\"]"])
        },
        RefusalCase(.UserNotAllowed, "groups the queue is not open to", names: "group") { node in
            try node.configure(queue: ["groups": "[\"atlas\"]"])
        },
        RefusalCase(.UserNotAllowed, "an account the list is not open to", names: "'physics'") { node in
            try node.write(
                "etc/bivouac/lists.d/demo.toml",
                node.subscription(node.endorsement.list, "accounts = [\"biology\"]"))
        },
        RefusalCase(.ImageDenied, "a denied digest", names: "kernel hole") { node in
            let digest = try Launch.require(["/usr/bin/sha512sum", node.endorsement.image]).text.prefix(128)
            try node.write(
                "etc/bivouac/deny.d/hole.toml", "sha512 = [\"\(digest)\"]\nreason = \"kernel hole\"\n")
        },
        RefusalCase(.ImageDenied, "a denied organisation", names: "deny.d/vo.toml") { node in
            try node.write("etc/bivouac/deny.d/vo.toml", "vo = [\"demo\"]\nreason = \"all of it\"\n")
        },
        RefusalCase(.ImageDenied, "a file of deny.d that cannot be understood", names: "broken.toml:1:") {
            node in
            try node.write("etc/bivouac/deny.d/broken.toml", "sha512 = [\n")
        },
        RefusalCase(
            .StaleList, "a list older than the site's maximum", names: "maximum of 86400 s",
            isRefreshed: false
        ) { node in
            try node.endorsement.sign(
                node.path("old.list"), ["--created", Endorsement.moment(-3 * 86_400)])
            try node.write("etc/bivouac/lists.d/demo.toml", node.subscription(node.path("old.list")))
            try node.refresh()
            try node.configure(["maximum_list_age": "\"1d\""])
        },
        RefusalCase(
            .StaleList, "a list past its own end since it was accepted", names: "expired", isRefreshed: false
        ) { node in
            try outlive("--expires", node)
        },
        RefusalCase(.ImageExpired, "an image past its own end", names: Endorsement.image, isRefreshed: false)
        { node in
            try outlive("--image-expires", node)
        },
        RefusalCase(.CertRevoked, "an endorser in the revocation list on disk now", names: "revoked") {
            node in
            try FileManager.default.copyItem(atPath: node.endorsement.authority, toPath: node.path("ca"))
            try node.endorsement.endorser("ca", ["revoke", node.path("ca"), "eve"])
            try node.endorsement.endorser("ca", ["anchors", node.path("ca"), node.path("anchors")])
            try node.configure(["anchors": "\"\(node.path("anchors"))\""])
        },
        RefusalCase(.EndorserNotAuthorised, "an endorser whom the list does not name any more", names: "Eve")
        { node in
            try node.write("etc/bivouac/endorsers.d/eve.toml", Node.endorser(Endorsement.dn + " II"))
        },
        RefusalCase(.ThresholdNotMet, "one endorser where the site wants two", names: "1 of 2") { node in
            try node.write(
                "etc/bivouac/endorsers.d/dan.toml",
                Node.endorser("/DC=org/DC=example/OU=People/CN=Dan Endorser"))
            try node.write(
                "etc/bivouac/lists.d/demo.toml",
                node.subscription(node.endorsement.list, endorsers: ["eve", "dan"], "threshold = 2"))
        },
        RefusalCase(.UnsupportedSetting, "a network that is not none", names: "network = \"dmz\"") { node in
            try node.configure(queue: ["network": "\"dmz\""])
        },
        RefusalCase(.NotEnoughMemory, "less memory than a guest needs", names: "--mem") { node in
            try node.configure(queue: ["memory": "\"100 MiB\""])
        },
    ]

    static let byImage: [RefusalCase] = [
        RefusalCase(
            .ImageUnavailable, "an image that is not where its list says", names: "gone.qcow2",
            isRefreshed: false
        ) { node in
            try FileManager.default.copyItem(atPath: node.endorsement.image, toPath: node.path("gone.qcow2"))
            try use(node.path("gone.qcow2"), on: node)
            try FileManager.default.removeItem(atPath: node.path("gone.qcow2"))
        },
        RefusalCase(
            .ChecksumMismatch, "an image of other bytes",
            names: "other.qcow2 is not the one in the list", isRefreshed: false
        ) { node in
            try FileManager.default.copyItem(atPath: node.endorsement.image, toPath: node.path("other.qcow2"))
            try use(node.path("other.qcow2"), on: node)
            let file = try FileHandle(forWritingTo: URL(fileURLWithPath: node.path("other.qcow2")))
            try file.seek(toOffset: 4000)
            try file.write(contentsOf: Data([1]))
            try file.close()
        },
        RefusalCase(.SizeMismatch, "an image cut short", names: "bytes", isRefreshed: false) { node in
            try FileManager.default.copyItem(
                atPath: node.endorsement.image, toPath: node.path("shorter.qcow2"))
            try use(node.path("shorter.qcow2"), on: node)
            let file = try FileHandle(forWritingTo: URL(fileURLWithPath: node.path("shorter.qcow2")))
            try file.truncate(atOffset: try file.seekToEnd() - 1)
            try file.close()
        },
        RefusalCase(
            .TooLarge, "an image that is longer than listed",
            names: "image 'demo/minimal': ",
            isRefreshed: false
        ) { node in
            try FileManager.default.copyItem(
                atPath: node.endorsement.image, toPath: node.path("longer.qcow2"))
            try use(node.path("longer.qcow2"), on: node)
            let file = try FileHandle(forWritingTo: URL(fileURLWithPath: node.path("longer.qcow2")))
            try file.seekToEnd()
            try file.write(contentsOf: Data([0]))
            try file.close()
        },
        RefusalCase(.UnsafeImage, "an image that leans on another file", names: "backing", isRefreshed: false)
        { node in
            try Launch.require([
                "/usr/bin/qemu-img", "create", "-q", "-f", "qcow2", "-F", "raw", "-b", "/etc/passwd",
                node.path("leaning.qcow2"), "1M",
            ])
            try use(node.path("leaning.qcow2"), on: node)
        },
    ]

    /// Puts a list with this image in force.
    private static func use(_ image: String, on node: Node) throws {
        try node.endorsement.sign(node.path("own.list"), image: image)
        try node.write("etc/bivouac/lists.d/demo.toml", node.subscription(node.path("own.list")))
        try node.refresh()
    }
}

extension HookTests {
    @Suite("A job that is refused")
    struct RefusalTests {
        @Test(
            "leaves a record that its launcher tells, and nothing else",
            arguments: RefusalCase.byJob + RefusalCase.bySite + RefusalCase.byImage + RefusalCase.byFiles)
        func refused(_ example: RefusalCase) throws {
            let node = try Node(refreshed: example.isRefreshed)
            try example.arrange(node)
            try expect(example, on: node)
        }

        @Test("for a list that was never refreshed is refused as ImageUnavailable")
        func neverRefreshed() throws {
            try expect(
                RefusalCase(.ImageUnavailable, "no list", names: "bivouac list refresh demo"),
                on: try Node(refreshed: false))
        }

        private func expect(_ example: RefusalCase, on node: Node) throws {
            let job = example.job
            let prologue = try node.prologue(job)
            #expect(prologue.status == 0, "\(prologue.errors)")

            // The record, for everybody; the directory, for those who know the name.
            let record = try #require(try node.record(job))
            #expect(record["phase"] as? String == "refused")
            let refusal = try #require(record["refusal"] as? [String: String])
            #expect(refusal["name"] == example.name.rawValue)
            let message = try #require(refusal["message"])
            #expect(message.contains(example.names))
            #expect(try node.mode(node.live(job)) == (0o711, 0))
            #expect(try node.mode(node.live(job) + "/record.json") == (0o644, 0))
            #expect(try node.mode(node.path("run/bivouac")) == (0o755, 0))
            #expect(try node.mode(node.path("run/bivouac/jobs")) == (0o755, 0))

            // The audit log names it; no machine, no start state.
            let line = try #require(try node.audit().last)
            #expect(line.event == "refusal")
            #expect(line.fields["refusal"] as? String == example.name.rawValue)
            #expect(line.fields["job"] as? String == "t-4711")
            #expect(node.machines == [])
            #expect(node.evidence == [])

            // The launcher tells it, in one line.
            let launcher = try node.launcher(job)
            #expect(launcher.status == 78)
            #expect(launcher.output.isEmpty)
            #expect(launcher.errors == "bivouac: \(example.name.rawValue): \(message)\n")

            // A second prologue of the same start changes nothing; the epilogue takes the record away.
            let bytes = FileManager.default.contents(atPath: node.live(job) + "/record.json")
            #expect(try node.prologue(job).status == 0)
            #expect(FileManager.default.contents(atPath: node.live(job) + "/record.json") == bytes)
            let epilogue = try node.epilogue(job)
            #expect(epilogue.status == 0, "\(epilogue.errors)")
            #expect(node.jobs == [])
            #expect(node.machines == [])
        }
    }
}

/// Two pairs are the same when both their values are.
private func == (left: (mode: Int, owner: Int), right: (Int, Int)) -> Bool {
    left.mode == right.0 && left.owner == right.1
}
