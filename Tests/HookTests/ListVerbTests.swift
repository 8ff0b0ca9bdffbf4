import Foundation
import TestSupport
import Testing

extension HookTests {
    @Suite("bivouac's verbs for lists and their images")
    struct ListVerbTests {
        private static func object(_ outcome: Outcome) throws -> [String: Any] {
            try #require(try JSONSerialization.jsonObject(with: outcome.output) as? [String: Any])
        }

        private static func verify(_ file: String, _ more: [String] = [], on node: Node) throws -> Outcome {
            try Launch.run(
                [Built.bivouac, "list", "verify", file, "--anchors", node.endorsement.anchors] + more,
                environment: ["BIVOUAC_ROOT": "/nonexistent"])
        }

        // MARK: list verify

        @Test("list verify accepts a good list with exit status 0 and one JSON object")
        func accepted() throws {
            let node = try Node(refreshed: false)
            let run = try Self.verify(node.endorsement.list, ["--json"], on: node)
            #expect(run.status == 0, "\(run.errors)")
            #expect(run.output.filter { $0 == 0x0A }.count == 1)
            let verdict = try Self.object(run)
            #expect(Set(verdict.keys) == ["accepted", "list", "images"])
            #expect(verdict["accepted"] as? Bool == true)
            #expect((verdict["list"] as? [String: Any])?["identifier"] as? String == Endorsement.list)
            let images = try #require(verdict["images"] as? [[String: Any]])
            #expect(images.map { $0["identifier"] as? String } == [Endorsement.image])
            #expect(images[0]["refusal"] == nil)
        }

        @Test(
            "list verify refuses a list of which a byte was changed with exit status 65 and the refusal's name"
        )
        func refused() throws {
            let node = try Node(refreshed: false)
            let text = try String(contentsOfFile: node.endorsement.list, encoding: .utf8)
            try node.write("changed.list", text.replacing("Test image", with: "Best image"))
            let run = try Self.verify(node.path("changed.list"), ["--json"], on: node)
            #expect(run.status == 65)
            let verdict = try Self.object(run)
            #expect(Set(verdict.keys) == ["accepted", "refusal", "message"])
            #expect(verdict["accepted"] as? Bool == false)
            #expect(verdict["refusal"] as? String == "DigestMismatch")
            #expect((verdict["message"] as? String)?.isEmpty == false)
        }

        @Test("list verify judges for the moment that it is told")
        func moment() throws {
            let node = try Node(refreshed: false)
            let late = try Self.verify(
                node.endorsement.list, ["--json", "--at", Endorsement.moment(29 * 86_400)], on: node)
            #expect(late.status == 65)
            // CA, endorser and CRL have an end as well; the CRL's is the first after the list's.
            #expect(["ListExpired", "CRLExpired"].contains(try Self.object(late)["refusal"] as? String))
            let early = try Self.verify(
                node.endorsement.list, ["--json", "--at", Endorsement.moment(-86_400)], on: node)
            #expect(try Self.object(early)["accepted"] as? Bool == false)
            #expect(try Self.verify(node.endorsement.list, ["--at", "tomorrow"], on: node).status == 64)
        }

        @Test(
            "list verify asks for the endorser only when one is named, and finds the file below --config-root"
        )
        func endorser() throws {
            let node = try Node(refreshed: false)
            try node.write("elsewhere/endorsers.d/eve.toml", Node.endorser(Endorsement.dn))
            try node.write(
                "elsewhere/endorsers.d/dan.toml",
                Node.endorser("/DC=org/DC=example/OU=People/CN=Dan Endorser"))
            func verify(_ name: String) throws -> Outcome {
                try Self.verify(
                    node.endorsement.list,
                    ["--json", "--endorser", name, "--config-root", node.path("elsewhere")],
                    on: node)
            }
            #expect(try verify("eve").status == 0)
            let dan = try verify("dan")
            #expect(dan.status == 65)
            #expect(try Self.object(dan)["refusal"] as? String == "EndorserNotAuthorised")
            #expect(try verify("nobody").status == 78)
            #expect(try verify("../eve").status == 78)
        }

        @Test("list verify tells of an image that is refused on its own, and accepts the list")
        func imageRefused() throws {
            let node = try Node(refreshed: false)
            let list = node.path("expired.list")
            try node.endorsement.sign(list, ["--image-expires", Endorsement.moment(-60)])
            let run = try Self.verify(list, ["--json"], on: node)
            #expect(run.status == 0)
            let images = try #require(try Self.object(run)["images"] as? [[String: Any]])
            #expect(images.map { $0["refusal"] as? String } == ["ImageExpired"])
        }

        @Test("list verify refuses a file that is too long, and says what is missing of its words")
        func bounds() throws {
            let node = try Node(refreshed: false)
            try Data(repeating: 0x20, count: 9 << 20).write(to: URL(fileURLWithPath: node.path("long.list")))
            let run = try Self.verify(node.path("long.list"), ["--json"], on: node)
            #expect(run.status == 65)
            #expect(try Self.object(run)["refusal"] as? String == "TooLarge")
            #expect(try Launch.run([Built.bivouac, "list", "verify", "x"]).status == 64)
            #expect(try Self.verify("/nonexistent/list", on: node).status == 64)
        }

        @Test("an endorser needs one file, which loads no library of a node; what needs a node says so")
        func alone() throws {
            let node = try Node(refreshed: false)
            let program = node.path("bivouac")
            try copyProgram(Built.bivouac, to: program)
            let run = try Launch.run(
                [program, "list", "verify", node.endorsement.list, "--anchors", node.endorsement.anchors])
            #expect(run.status == 0, "\(run.errors)")
            let help = try Launch.run([program, "--help"])
            #expect(help.status == 0)
            #expect(help.text.contains("list verify") && help.text.contains("list template"))
            let other = try Launch.run([program, "job", "list"])
            #expect(other.status == 69)
            #expect(other.errors == "bivouac: 'job' needs bivouac-operator, which is not here\n")
            let libraries = try Launch.require(["/usr/bin/ldd", program]).text
            #expect(libraries.contains("libcrypto"))
            for name in ["libvirt", "libcurl", "libarchive"] { #expect(!libraries.contains(name)) }
        }

        // MARK: list template

        @Test("a template, signed by the very line that is printed with it, is accepted by openssl and by us")
        func template() throws {
            let node = try Node(refreshed: false)
            let keys = node.endorsement.authority
            let work = node.path("work")
            try node.write("work/minimal.qcow2", "no image, but bytes")
            let made = try Launch.run([
                Built.bivouac, "list", "template", work + "/minimal.qcow2", "--certificate",
                keys + "/eve.pem", "--key",
                keys + "/eve.key", "--uri", "https://images.example.org/demo.list", "--vo", "demo", "--email",
                "eve@example.org",
            ])
            #expect(made.status == 0, "\(made.errors)")
            try node.write("work/list.json", made.text)
            let command = try #require(
                made.errors.split(separator: "\n").last { $0.hasPrefix("openssl smime -sign") })
            try Launch.require(["/bin/sh", "-c", "cd '\(work)' && \(command)"])
            let signed = work + "/images.list"
            try Launch.require([
                "/usr/bin/openssl", "smime", "-verify", "-crl_check_all", "-x509_strict", "-purpose",
                "smimesign",
                "-CApath", node.endorsement.anchors, "-in", signed, "-out", "/dev/null",
            ])
            let run = try Self.verify(signed, ["--json"], on: node)
            #expect(run.status == 0, "\(run.text)")
            let images = try #require(try Self.object(run)["images"] as? [[String: Any]])
            #expect(images.map { $0["refusal"] as? String } == [nil])
            #expect(images[0]["uri"] as? String == "https://images.example.org/minimal.qcow2")
            #expect(images[0]["size"] as? Int == 19)
        }

        // MARK: list refresh

        @Test("list refresh fetches over http, whatever the environment says of proxies, and tells what came")
        func refresh() throws {
            let node = try Node(refreshed: false)
            let text = try String(contentsOfFile: node.endorsement.list, encoding: .utf8)
            let server = try LoopbackServer { _ in [.answer("200 OK", [], text)] }
            defer { server.stop() }
            let proxy = try LoopbackServer { _ in [.answer("200 OK", [], "forged")] }
            defer { proxy.stop() }
            let subscription = node.subscription("/demo.list").replacing(
                "file:///demo.list", with: server.uri + "/demo.list")
            try node.write("etc/bivouac/lists.d/demo.toml", subscription)
            func refresh() throws -> Outcome {
                try Launch.run(
                    [Built.bivouac, "list", "refresh", "--json"],
                    environment: [
                        "BIVOUAC_ROOT": node.root, "http_proxy": proxy.uri, "all_proxy": proxy.uri,
                        "HTTPS_PROXY": proxy.uri,
                    ])
            }
            func outcome(_ run: Outcome) throws -> String? {
                let results = try JSONSerialization.jsonObject(with: run.output) as? [[String: Any]]
                return results?.first?["outcome"] as? String
            }
            let first = try refresh()
            #expect(first.status == 0, "\(first.errors)")
            #expect(try outcome(first) == "accepted")
            #expect(try outcome(refresh()) == "unchanged")
            server.answer { _ in [.answer("200 OK", [], text + "junk")] }
            let refused = try refresh()
            #expect(refused.status == 65)
            #expect(try outcome(refused) == "refused")
            server.answer { _ in [.answer("503 Busy")] }
            #expect(try refresh().status == 75)
            #expect(proxy.requests.isEmpty)
            let outcomes = try node.audit().filter { $0.event == "list" }.map {
                $0.fields["outcome"] as? String
            }
            #expect(outcomes == ["accepted", "refused", "unreachable"])
        }

        @Test("tick refreshes lists that are due, and none twice within their interval")
        func tick() throws {
            let node = try Node(refreshed: false)
            for _ in 1...2 { _ = try node.bivouac("tick") }
            let outcomes = try node.audit().filter { $0.event == "list" }.map {
                $0.fields["outcome"] as? String
            }
            #expect(outcomes == ["accepted"])
        }

        // MARK: deny, allow, history

        private static func admission(_ node: Node) throws -> Outcome {
            try node.bivouac("job", "xml", "--user", "nobody", "--queue", "vm")
        }

        @Test(
            "a denied image is refused at the next admission with the reason, and not any more once it is allowed"
        )
        func deny() throws {
            let node = try Node()
            let before = try Self.admission(node)
            #expect(!before.errors.contains("ImageDenied"))
            let denied = try node.bivouac("image", "deny", "demo/minimal", "--reason", "kernel \"hole\"")
            #expect(denied.status == 0, "\(denied.errors)")
            let refused = try Self.admission(node)
            #expect(refused.status == 65)
            #expect(refused.errors.contains("ImageDenied") && refused.errors.contains("kernel \"hole\""))
            #expect(try node.bivouac("image", "allow", "demo/minimal").status == 0)
            #expect(!(try Self.admission(node)).errors.contains("ImageDenied"))
            let actions = try node.audit().filter { $0.event == "operator" }.map {
                $0.fields["action"] as? String
            }
            #expect(actions == ["list refresh", "image deny", "image allow"])
        }

        @Test("who asked for an image that is denied, or of a wrong class, is found by the image")
        func askedForDenied() throws {
            let node = try Node()
            #expect(try node.bivouac("image", "deny", "demo/minimal", "--reason", "kernel hole").status == 0)
            let first = JobOnNode(id: "1")
            let second = JobOnNode(id: "2")
            #expect(try node.prologue(first).status == 0)
            try node.configure(queue: ["classes": "[1]"])
            #expect(try node.prologue(second).status == 0)
            let refusals = try node.audit().filter { $0.event == "refusal" }.map(\.fields)
            #expect(refusals.map { $0["refusal"] as? String } == ["ImageDenied", "ClassNotAllowed"])
            let digest = try #require(refusals.first?["sha512"] as? String)
            for fields in refusals {
                #expect(fields["image"] as? String == "demo/minimal" && fields["list"] as? String == "demo")
                #expect(fields["identifier"] as? String == Endorsement.image)
                #expect(fields["sha512"] as? String == digest)
            }
            for image in ["demo/minimal", Endorsement.image, digest] {
                let run = try node.bivouac("job", "list", "--where", "image=\(image)")
                #expect(run.text.contains("t-1.0") && run.text.contains("t-2.0"), "\(run.text)")
            }
            let history = try node.bivouac("image", "history", "demo/minimal").text
            #expect(history.contains("ImageDenied") && history.contains("ClassNotAllowed"), "\(history)")
        }

        @Test("an image that no list names can be denied by its digest")
        func denyDigest() throws {
            let node = try Node()
            let digest = String(repeating: "ab", count: 64)
            #expect(try node.bivouac("image", "deny", digest, "--reason", "seen elsewhere").status == 0)
            #expect(node.names("etc/bivouac/deny.d") == ["image-\(digest.prefix(48)).toml"])
            #expect(try node.bivouac("image", "deny", "demo/other", "--reason", "x").status == 65)
            #expect(try node.bivouac("image", "deny", "demo/minimal").status == 64)
        }

        @Test("image allow leaves alone what the site wrote itself, and says what still denies")
        func allowForeign() throws {
            let node = try Node()
            let file = node.path("etc/bivouac/deny.d/site.toml")
            try node.write(
                "etc/bivouac/deny.d/site.toml", "identifier = [\"\(Endorsement.image)\"]\nreason = \"ours\"\n"
            )
            let run = try node.bivouac("image", "allow", "demo/minimal")
            #expect(run.status == 65)
            #expect(run.text.contains("still denied by \(file): ours"))
            #expect(FileManager.default.fileExists(atPath: file))
        }

        @Test("image deny --notice prints a message to the address in the signed list")
        func notice() throws {
            let node = try Node()
            let run = try node.bivouac("image", "deny", "demo/minimal", "--reason", "kernel hole", "--notice")
            #expect(run.status == 0)
            #expect(
                run.text.hasPrefix("To: eve@example.org\nSubject: image \(Endorsement.image) denied at t\n\n")
            )
            for words in ["kernel hole", Endorsement.list, Endorsement.dn] {
                #expect(run.text.contains(words))
            }
        }

        @Test("list, image and endorser tell their history from the audit log")
        func history() throws {
            let node = try Node()
            _ = try node.bivouac("image", "deny", "demo/minimal", "--reason", "kernel hole")
            let list = try node.bivouac("list", "history", "demo")
            #expect(list.text.contains("list accepted") && list.text.contains("listed"))
            let image = try Self.object(try node.bivouac("image", "history", "demo/minimal", "--json"))
            let rows = try #require(image["rows"] as? [[String: Any]])
            #expect(rows.map { $0["what"] as? String } == ["listed", "image deny"])
            #expect(rows[1]["reason"] as? String == "kernel hole")
            let eve = try Self.object(try node.bivouac("endorser", "show", "eve", "--json"))
            #expect((eve["endorser"] as? [String: Any])?["dn"] as? String == Endorsement.dn)
            #expect((eve["inForce"] as? [[String: Any]])?.map { $0["list"] as? String } == ["demo"])
            #expect((eve["history"] as? [[String: Any]])?.isEmpty == false)
            #expect(try node.bivouac("endorser", "show", "nobody").status == 78)
        }
    }
}
