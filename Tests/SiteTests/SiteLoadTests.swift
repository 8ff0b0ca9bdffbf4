import Foundation
import Job
import Site
import Testing

@Suite("The configuration of a site")
struct SiteLoadTests {
    @Test("the examples of the design are read as they are meant")
    func examples() throws {
        let scratch = try ScratchSite(Example.all)
        let site = try Site.load(places: scratch.places)
        #expect(
            site
                == Site(
                    cluster: "demo",
                    queues: [
                        "vm": Queue(
                            name: "vm", image: ImageName("demo/minimal"), allow: ["demo/*"], workdir: .stage)
                    ],
                    endorsers: [
                        "eve": EndorserRule(
                            name: "eve", dn: "/DC=org/DC=example/OU=People/CN=Eve Endorser",
                            ca: "/DC=org/DC=example/CN=Example Grid CA", vo: "demo")
                    ],
                    lists: [
                        "demo": ListRule(
                            name: "demo", uri: "https://images.example.org/demo.list",
                            identifier: "9c0a3f4e-0001-4000-8000-000000000001", endorsers: ["eve"],
                            imageClass: 2, images: ["minimal": "0b6e3f4e-0001-4000-8000-000000000002"])
                    ],
                    denials: [
                        Denial(
                            file: scratch.places.denials + "/CVE-2026-1234.toml",
                            sha512: [String(repeating: "ab", count: 64)],
                            reason: "kernel hole, reported to the endorser 2026-11-02")
                    ]))
    }

    @Test("one line is a whole site.toml, and the drop-in directories need not exist")
    func minimal() throws {
        let scratch = try ScratchSite(["site.toml": "cluster = \"x\""])
        for directory in [scratch.places.endorsers, scratch.places.lists, scratch.places.denials] {
            try FileManager.default.removeItem(atPath: directory)
        }
        let site = try Site.load(places: scratch.places)
        #expect(site == Site(cluster: "x"))
        #expect(site.maximumListAge == 35 * 86_400)
        #expect(site.bootTimeout == 300)
        #expect(site.prologueTimeout == 480)
        #expect(site.silenceTimeout == 60)
        #expect(site.libvirt == "qemu:///system")
        #expect(site.evidence.keep == 7 * 86_400)
    }

    @Test("every key that the examples leave out is read")
    func remainingKeys() throws {
        let queue = """
            cluster = "x"
            libvirt = "qemu+unix:///system?socket=/a/b"
            libvirt_timeout = "5s"
            memory_overhead = "96 MiB"
            virtualization = "kvm"
            maximum_list_age = "20s"
            [queue.vm]
            allow = ["a/b", "c/*"]
            users = ["u"]
            groups = ["g"]
            accounts = ["p"]
            network = "dmz"
            workdir = "virtiofs"
            workdir_limit = "2 MiB"
            memory = "512 MiB"
            end_state = "always"
            classes = [3]
            """
        let list = Example.list.replacingOccurrences(
            of: "[images]",
            with: """
                threshold = 2
                users = ["u"]
                groups = ["g"]
                accounts = ["p"]
                allow_sha1 = true
                [images]
                """
        ).replacingOccurrences(of: "accept", with: "refuse")
        let denial = """
            identifier = ["ABC-1"]
            endorser = ["eve"]
            vo = ["demo"]
            reason = "r"
            """
        var files = Example.all
        files["site.toml"] = queue
        files["lists.d/demo.toml"] = list
        files["deny.d/a.toml"] = denial
        let scratch = try ScratchSite(files)
        let site = try Site.load(places: scratch.places)
        #expect(site.faults.isEmpty)
        #expect(site.libvirt == "qemu+unix:///system?socket=/a/b")
        #expect(site.libvirtTimeout == 5)
        #expect(site.memoryOverhead == .mebibytes(96))
        #expect(site.virtualization == .kvm)
        #expect(site.maximumListAge == 20)
        #expect(
            site.queues["vm"]
                == Queue(
                    name: "vm", allow: ["a/b", "c/*"], classes: [3], users: ["u"], groups: ["g"],
                    accounts: ["p"], network: .dmz, workdir: .virtiofs, workdirLimit: .mebibytes(2),
                    memory: .mebibytes(512), endState: .always))
        let rule = try #require(site.lists["demo"])
        #expect(rule.threshold == 2 && rule.sha1 && rule.newImages == .refuse)
        #expect(rule.users == ["u"] && rule.groups == ["g"] && rule.accounts == ["p"])
        let read = try #require(site.denials.last)
        #expect(read.identifiers == ["abc-1"] && read.endorsers == ["eve"] && read.vos == ["demo"])
    }

    @Test(
        "of what queue and list want kept of a disk more is kept; the site's rule counts where neither says")
    func endStates() {
        var always = ListRule(
            name: "a", uri: "file:///a", identifier: "a", endorsers: ["eve"], imageClass: 1)
        always.endState = .always
        let site = Site(
            cluster: "c",
            queues: [
                "vm": Queue(name: "vm", allow: ["a/*"], endState: .never),
                "free": Queue(name: "free", allow: ["a/*"]),
            ],
            lists: ["a": always])
        #expect(site.endState(queue: "vm", list: "a") == .always)
        #expect(site.endState(queue: "vm", list: "b") == .never)
        #expect(site.endState(queue: "free", list: "a") == .always)
        #expect(site.endState(queue: "free", list: "b") == site.evidence.endState)
    }

    @Test("a queue allows what its patterns name and nothing else")
    func patterns() throws {
        let queue = Queue(name: "vm", allow: ["a/b", "c/*"])
        for (name, allowed) in [
            ("a/b", true), ("a/c", false), ("c/x", true), ("cc/x", false), ("b/b", false),
        ] {
            #expect(queue.allows(try #require(ImageName(name))) == allowed, "\(name)")
        }
    }

    @Test("a denial matches by digest, identifier, endorser or virtual organisation")
    func denial() {
        let denial = Denial(
            file: "f", sha512: ["d"], identifiers: ["i"], endorsers: ["e"], vos: ["v"], reason: "r")
        func denies(_ digest: String, _ identifiers: [String], _ endorser: String, _ vo: String) -> Bool {
            denial.denies(sha512: digest, identifiers: identifiers, endorser: endorser, vo: vo)
        }
        #expect(!denies("", ["", "x"], "", ""))
        #expect(denies("d", [], "", ""))
        #expect(denies("", ["x", "I"], "", ""))
        #expect(denies("", [], "e", ""))
        #expect(denies("", [], "", "v"))
    }
}
