import Command
import Foundation
import Testing

@testable import bivouac_operator
import TestSupport

extension Verb: CustomTestStringConvertible {
    var testDescription: String { "\(noun) \(name)" }
}

extension HookTests {
    @Suite("bivouac, the operator's program")
    struct ToolTests {
        @Test("says what it can without words, and that this is no use of it")
        func noWords() throws {
            let run = try Launch.run([Built.bivouac])
            #expect(run.status == 64)
            #expect(run.text.hasPrefix("usage: bivouac NOUN VERB"))
        }

        @Test("lists every noun and verb with a line of its own", arguments: [["--help"], ["help"]])
        func overview(_ words: [String]) throws {
            let run = try Launch.run([Built.bivouac] + words)
            #expect(run.status == 0)
            #expect(run.errors == "")
            for verb in Verbs.all {
                #expect(run.text.contains("  " + verb.usage.dropFirst("bivouac ".count)))
                #expect(run.text.contains(verb.summary))
            }
            for status in ["64", "65", "69", "75", "77", "78"] { #expect(run.text.contains(status)) }
            #expect(run.text.contains("BIVOUAC_ROOT") && run.text.contains("--json"))
        }

        @Test("tells of each verb all its options", arguments: Verbs.all)
        func help(_ verb: Verb) throws {
            let words = [verb.noun, verb.name, "--help"].filter { !$0.isEmpty }
            let run = try Launch.run([Built.bivouac] + words)
            #expect(run.status == 0)
            #expect(run.text.contains(verb.usage.dropFirst("bivouac ".count)))
            #expect(run.text.contains(verb.summary))
            for option in verb.flags + verb.options { #expect(run.text.contains("--\(option)"), "\(option)") }
        }

        @Test("tells of each noun all its verbs", arguments: Set(Verbs.all.map(\.noun)).sorted())
        func noun(_ noun: String) throws {
            let run = try Launch.run([Built.bivouac, noun, "--help"])
            #expect(run.status == 0)
            for verb in Verbs.all where verb.noun == noun {
                #expect(run.text.contains(verb.usage.dropFirst("bivouac ".count)))
            }
        }

        @Test("refuses words that no verb takes, and shows the usage", arguments: Verbs.all)
        func misuse(_ verb: Verb) throws {
            let node = try Node(refreshed: false)
            let name = [verb.noun, verb.name].filter { !$0.isEmpty }
            let tooMany = Array(repeating: "x", count: verb.words.upperBound + 1)
            var wrong = [tooMany, ["--nonsense"], ["--json", "--json"], ["--json=yes"]]
            if verb.words.lowerBound > 0 { wrong.append([]) }
            for option in verb.options { wrong += [["--\(option)"], ["--\(option)=a", "--\(option)=b"]] }
            for flag in verb.flags { wrong += [["--\(flag)=yes"], ["--\(flag)", "--\(flag)"]] }
            for words in wrong {
                let run = try node.bivouac(name + words)
                #expect(run.status == 64, "\(words)")
                #expect(run.errors.contains("usage: \(verb.usage)"), "\(words)")
                #expect(run.output.isEmpty)
            }
        }

        @Test(
            "knows no other words",
            arguments: [["nonsense"], ["list", "nonsense"], ["list"], ["--json"], ["-h"], [""]])
        func unknown(_ words: [String]) throws {
            let run = try Launch.run([Built.bivouac] + words)
            #expect(run.status == 64)
            #expect(run.errors.contains("usage: bivouac"))
            #expect(run.output.isEmpty)
        }

        @Test("lets only root do what changes something", arguments: privileged)
        func rootOnly(_ words: [String]) throws {
            let node = try Node(refreshed: false)
            // A user may not pass through every directory above the build.
            let copy = node.path("bivouac")
            for suffix in ["", "-operator"] {
                try copyProgram(Built.bivouac + suffix, to: copy + suffix)
            }
            let run = try Launch.run(
                Launch.words([copy] + words, as: JobOnNode.nobody), environment: ["BIVOUAC_ROOT": node.root])
            #expect(run.status == 77)
            #expect(run.errors == "bivouac: only root may do that\n")
            #expect(node.names("var") == [] && node.names("run") == [])
        }

        @Test("prints one JSON document with --json, and text without")
        func json() throws {
            let node = try Node()
            try node.configure(queue: ["classes": "[1]"])
            #expect(try node.prologue().status == 0)
            try node.configure()
            // This one leaves a start state.
            #expect(try node.prologue(JobOnNode(id: "4712")).status == 69)
            for words in listings {
                let run = try node.bivouac(words + ["--json"])
                #expect(run.status == 0, "\(words): \(run.errors)")
                #expect(throws: Never.self, "\(words): \(run.text)") {
                    try JSONSerialization.jsonObject(with: run.output, options: .fragmentsAllowed)
                }
                #expect(run.text.filter { $0 == "\n" }.count == 1, "\(words)")
                let text = try node.bivouac(words)
                #expect(text.status == 0, "\(words)")
                #expect(!text.output.isEmpty, "\(words)")
                #expect(text.text != run.text, "\(words)")
            }
        }

        @Test(
            "prints an empty listing as nothing, or as an empty array",
            arguments: ["job", "image", "evidence"])
        func empty(_ noun: String) throws {
            let node = try Node(refreshed: false)
            #expect(try node.bivouac(noun, "list").text == "")
            #expect(try node.bivouac(noun, "list", "--json").text == "[]\n")
        }

        @Test("ticks with nothing to do, and says nothing")
        func tick() throws {
            let node = try Node()
            for _ in 0..<2 {
                let run = try node.bivouac("tick")
                #expect(run.status == 0)
                #expect(run.text + run.errors == "")
            }
        }

        @Test("touches no job whose scheduler does not answer when it ticks")
        func tickWithoutScheduler() throws {
            let node = try Node(refreshed: false)
            #expect(try node.prologue().status == 0)
            let run = try node.bivouac("tick")
            #expect(run.status == 69)
            #expect(run.errors.contains("no stray was touched, since the scheduler did not answer"))
            #expect(node.jobs == ["t-4711"])
        }

        @Test("ends a job's record by order, and names one that is not there")
        func destroy() throws {
            let node = try Node(refreshed: false)
            #expect(try node.prologue().status == 0)
            let record = try #require(try node.record())
            #expect(try node.bivouac("job", "destroy", "t-4711").status == 0)
            #expect(node.jobs == [])
            let line = try #require(try node.audit().last { $0.event == "operator" })
            #expect(line.fields["action"] as? String == "job destroy")
            for name in ["user", "queue", "attempt"] {
                #expect(line.fields[name] as? NSObject == record[name] as? NSObject, "\(name)")
            }
            for words in [["destroy", "4711"], ["show", "4711"], ["console", "4711"], ["xml", "4711"]] {
                let run = try node.bivouac(["job"] + words)
                #expect(run.status == 65)
                #expect(run.errors == "bivouac: job t-4711 has no machine on this node\n")
            }
            #expect(try node.bivouac("job", "show", "../x").status == 64)
        }

        @Test("shows the domain of a made-up job, and makes nothing")
        func rehearsal() throws {
            let node = try Node()
            let before = node.names("var/lib/bivouac")
            let run = try node.bivouac(
                "job", "xml", "--user", "nobody", "--queue", "vm", "--cpus", "2", "--memory", "1 GiB")
            #expect(run.status == 0, "\(run.errors)")
            #expect(run.text.contains("<domain type='qemu'"))
            #expect(run.text.contains("<name>bivouac-t-0.0</name>"))
            #expect(run.text.contains("demo/minimal"))
            #expect(node.names("var/lib/bivouac") == before)
            #expect(node.jobs == [])
        }

        @Test(
            "tells why a made-up job would be refused",
            arguments: [
                (["--user", "root", "--queue", "vm"], 65, "RootJob"),
                (["--user", "nobody", "--queue", "normal"], 65, "QueueNotAllowed"),
                (["--user", "nobody", "--queue", "vm", "--image", "demo/none"], 65, "UnknownImage"),
                (["--user", "nobody", "--queue", "vm", "--image", "x"], 65, "BadImageName"),
                (["--user", "nobody", "--queue", "vm", "--memory", "64 MiB"], 65, "NotEnoughMemory"),
                (["--user", "bivouac-test-nobody", "--queue", "vm"], 65, "no account"),
                (["--user", "nobody"], 64, "--queue"),
                (["--user", "nobody", "--queue", "vm", "--cpus", "0"], 64, "--cpus"),
                (["--user", "nobody", "--queue", "vm", "--memory", "much"], 64, "--memory"),
            ] as [([String], Int32, String)])
        func refusedRehearsal(_ words: [String], _ status: Int32, _ says: String) throws {
            let run = try Node().bivouac(["job", "xml"] + words)
            #expect(run.status == status)
            #expect(run.errors.hasPrefix("bivouac: ") && run.errors.contains(says), "\(run.errors)")
            #expect(run.output.isEmpty)
        }

        @Test("refuses what it cannot find by name and status")
        func notThere() throws {
            let node = try Node()
            #expect(try node.bivouac("list", "refresh", "nowhere").status == 78)
            #expect(try node.bivouac("list", "show", "nowhere").status == 65)
            #expect(try node.bivouac("image", "fetch", "demo/none").errors.contains("UnknownImage"))
            #expect(try node.bivouac("image", "fetch", "none").status == 64)
            #expect(try node.bivouac("job", "notify", "9", "--in", "5m", "--reason", "drain").status == 65)
            for words in [["--in", "5"], ["--in", "5m", "--withdraw"], []] {
                let run = try node.bivouac(["job", "notify", "9", "--reason", "drain"] + words)
                #expect(run.status == 64)
            }
            #expect(try node.bivouac("job", "notify", "9", "--in", "5m", "--reason", "a\nb").status == 64)
        }

        @Test("refuses a new list by name, and keeps the one in force", arguments: RefusedList.all)
        func refusedList(_ example: RefusedList) throws {
            let node = try Node()
            let before = try node.bivouac("list", "show", "demo", "--json").text
            let path = node.path("new.list")
            try node.endorsement.sign(
                path, by: example.signer, identifier: example.identifier, example.options)
            if example.isChanged {
                let signed = try String(contentsOfFile: path, encoding: .utf8)
                try node.write("new.list", signed.replacing("Test image", with: "Best image"))
            }
            try node.write("etc/bivouac/lists.d/demo.toml", node.subscription(path))
            let run = try node.bivouac("list", "refresh", "--json")
            #expect(run.status == 65)
            #expect(run.errors.contains(example.name))
            #expect(run.text.contains("\"refusal\":\"\(example.name)\""))
            #expect(try node.bivouac("list", "show", "demo", "--json").text == before)
        }
    }
}

/// A list that must not come into force.
struct RefusedList: Sendable, CustomTestStringConvertible {
    let name: String
    var signer = "eve"
    var identifier = Endorsement.list
    var options: [String] = []
    var isChanged = false

    var testDescription: String { name }

    static let all = [
        RefusedList(name: "DigestMismatch", isChanged: true),
        RefusedList(
            name: "ListExpired",
            options: ["--created", Endorsement.moment(-3600), "--expires", Endorsement.moment(-60)]),
        RefusedList(name: "ListNotYetValid", options: ["--created", Endorsement.moment(86_400)]),
        RefusedList(name: "EndorserNotAuthorised", signer: "dan"),
        RefusedList(name: "ListIdentifierMismatch", identifier: Endorsement.image),
        RefusedList(name: "Rollback", options: ["--version", "1"]),
    ]
}

/// What root alone may do, with words that are no misuse.
private let privileged: [[String]] = [
    ["list", "refresh"], ["image", "fetch", "demo/minimal"], ["image", "verify", "demo/minimal"],
    ["image", "verify"], ["image", "show", "demo/minimal"], ["image", "pin", "demo/minimal"],
    ["image", "unpin", "demo/minimal"], ["image", "evict", "demo/minimal"],
    ["image", "prefetch", "demo/minimal"], ["image", "prefetch", "--from-queue"],
    ["job", "console", "1"], ["job", "destroy", "1"], ["job", "xml", "1"],
    ["job", "notify", "1", "--in", "10m", "--reason", "drain"], ["tick"],
    ["doctor", "--write-hooks", "/usr/libexec/bivouac/slurm"], ["job", "suspend", "1"],
    ["job", "resume", "1"],
    ["job", "quarantine", "1", "--reason", "a look"], ["job", "top", "1"], ["evidence", "replay", "1"],
    ["audit", "show"], ["audit", "rotate"], ["metrics"], ["job", "list", "--where", "user=eve"],
]

/// Verbs that print what is there.
private let listings: [[String]] = [
    ["list", "show"], ["list", "show", "demo"], ["list", "refresh"], ["endorser", "list"], ["image", "list"],
    ["image", "fetch", "demo/minimal"], ["image", "verify", "demo/minimal"],
    ["image", "verify"], ["image", "show", "demo/minimal"], ["image", "list", "--node-features"],
    ["image", "prefetch", "demo/minimal"], ["image", "pin", "demo/minimal"],
    ["image", "unpin", "demo/minimal"], ["job", "list"],
    ["job", "show", "4711"], ["job", "xml", "--user", "nobody", "--queue", "vm"], ["evidence", "list"],
    ["evidence", "show", "t-4712"], ["audit", "verify"], ["audit", "head"], ["audit", "show"], ["metrics"],
    ["job", "list", "--where", "job=4712"],
]
