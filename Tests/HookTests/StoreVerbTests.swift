import Foundation
import TestSupport
import Testing

extension HookTests {
    @Suite("bivouac's verbs for the images of a node")
    struct StoreVerbTests {
        /// The digest of the node's only image, and its file in the store.
        private static func stored(_ node: Node) throws -> (digest: String, file: String) {
            let run = try node.bivouac("image", "fetch", "demo/minimal", "--json")
            #expect(run.status == 0, "\(run.errors)")
            let digest = try #require(node.names("var/lib/bivouac/images").first { $0.utf8.count == 128 })
            return (digest, node.path("var/lib/bivouac/images/\(digest)/image"))
        }

        private static func facts(_ node: Node) throws -> [String: Any] {
            let run = try node.bivouac("image", "show", "demo/minimal", "--json")
            #expect(run.status == 0, "\(run.errors)")
            return try #require(try JSONSerialization.jsonObject(with: run.output) as? [String: Any])
        }

        /// Writes bytes into an image and gives it its times back.
        private static func damage(_ file: String) throws {
            let handle = try #require(FileHandle(forWritingAtPath: file))
            try handle.seek(toOffset: 4)
            try handle.write(contentsOf: Data("damage".utf8))
            try handle.close()
        }

        @Test("a pinned image is not evicted, an unpinned one is, and both stand in the audit log")
        func pins() throws {
            let node = try Node()
            let (digest, file) = try Self.stored(node)
            let pinned = try node.bivouac("image", "pin", "demo/minimal", "--reason", "beam time")
            #expect(pinned.status == 0 && pinned.text == "pinned: \(digest)\n")
            let evicted = try node.bivouac("image", "evict", digest)
            #expect(evicted.status == 75)
            #expect(evicted.errors.contains("pinned by uid") && evicted.errors.contains("beam time"))
            #expect(try node.bivouac("image", "list").text.contains("own, pinned"))
            #expect((try Self.facts(node)["pin"] as? [String: Any])?["reason"] as? String == "beam time")
            #expect(try node.bivouac("image", "unpin", "demo/minimal").status == 0)
            #expect(try node.bivouac("image", "evict", "demo/minimal").text == "gone: \(digest)\n")
            #expect(!FileManager.default.fileExists(atPath: file))
            #expect(try node.bivouac("image", "evict", "demo/minimal").status == 65)
            let actions = try node.audit().filter { $0.event == "operator" }
            #expect(
                actions.map { $0.fields["action"] as? String } == [
                    "list refresh", "image fetch", "image pin", "image unpin", "image evict",
                ])
        }

        @Test("an image that a start state points at stays, and image show says which")
        func needed() throws {
            let node = try Node()
            #expect(try node.prologue().status == 69)
            #expect(try node.epilogue().status == 0)
            #expect(node.evidence.count == 1)
            let evicted = try node.bivouac("image", "evict", "demo/minimal")
            #expect(evicted.status == 75)
            #expect(evicted.errors.contains("start state ") && evicted.errors.contains("t-4711.0"))
            let facts = try Self.facts(node)
            #expect((facts["neededBy"] as? [String])?.count == 1)
            #expect((facts["claim"] as? [String: Any])?["user"] as? String == "nobody")
            #expect(facts["layer"] as? String == "own")
            #expect((facts["verity"] as? String)?.isEmpty == false)
            let digest = try #require(facts["sha512"] as? String)
            #expect(facts["feature"] as? String == "bivouac_" + digest.prefix(12))
            #expect(
                try node.bivouac("image", "list", "--node-features").text
                    == "bivouac_\(digest.prefix(12))\n")
        }

        @Test("a damaged image is found by verify, set aside, told, and fetched anew by the next job")
        func damaged() throws {
            let node = try Node()
            let (digest, file) = try Self.stored(node)
            #expect(try node.bivouac("image", "verify").text == "\(digest): as it was verified\n")
            try Self.damage(file)
            let verified = try node.bivouac("image", "verify", "demo/minimal", "--json")
            #expect(verified.status == 65)
            #expect(verified.text.contains("ChecksumMismatch"))
            #expect(node.names("var/lib/bivouac/images/damaged") == [digest])
            #expect(try node.bivouac("image", "list").text.contains("damaged"))
            #expect(try node.bivouac("image", "history", digest).text.contains("damaged"))
            // The libvirt of this node starts nothing; the image is there all the same.
            #expect(try node.prologue().status == 69)
            #expect(FileManager.default.fileExists(atPath: file))
            #expect(try node.bivouac("image", "verify", "demo/minimal").status == 0)
            #expect(try node.bivouac("image", "evict", "demo/minimal", "--damaged").status == 0)
            #expect(node.names("var/lib/bivouac/images/damaged") == [])
        }

        @Test("a job's start that finds a damaged image sets it aside, tells it, and goes on with a good one")
        func damagedAtStart() throws {
            let node = try Node()
            let (digest, file) = try Self.stored(node)
            try Self.damage(file)
            #expect(try node.prologue().status == 69)
            #expect(try node.record()?["refusal"] == nil)
            #expect(node.names("var/lib/bivouac/images/damaged") == [digest])
            #expect(try node.bivouac("image", "verify", "demo/minimal").status == 0)
            let told = try node.audit().filter { $0.event == "image" && $0.fields["node"] != nil }
            let images = told.compactMap { ($0.fields["images"] as? [[String: Any]])?.first }
            #expect(images.map { $0["change"] as? String } == ["fetched", "damaged", "fetched"])
            #expect(images.allSatisfy { $0["sha512"] as? String == digest })
        }

        @Test("tick reads an image again when it is due, and sets a damaged one aside")
        func tick() throws {
            let node = try Node()
            let (digest, file) = try Self.stored(node)
            let site = try String(contentsOfFile: node.path("etc/bivouac/site.toml"), encoding: .utf8)
            try node.write("etc/bivouac/site.toml", site + "[store]\nverify = \"1s\"\n")
            func reads(_ what: String) throws {
                try Harness.eventually("tick says \(what)") {
                    let said = try node.bivouac("tick").errors
                    #expect(said == "" || said.hasPrefix("bivouac: image \(digest): "), "\(said)")
                    return said.contains(what)
                }
            }
            try reads("read again, as it was verified")
            try Self.damage(file)
            try reads("ChecksumMismatch")
            #expect(node.names("var/lib/bivouac/images/damaged") == [digest])
        }

        @Test("a job whose image is beyond a quota is refused by name, and the node stays in service")
        func quota() throws {
            let node = try Node(refreshed: false)
            let site = try String(contentsOfFile: node.path("etc/bivouac/site.toml"), encoding: .utf8)
            // The image has about 200 KiB: padded to more than the least quota there is.
            let large = node.path("large.qcow2")
            try FileManager.default.copyItem(atPath: node.endorsement.image, toPath: large)
            let handle = try #require(FileHandle(forWritingAtPath: large))
            try handle.truncate(atOffset: 2 << 20)
            try handle.close()
            try node.endorsement.sign(node.path("large.list"), image: large)
            try node.write("etc/bivouac/lists.d/demo.toml", node.subscription(node.path("large.list")))
            try node.refresh()
            try node.write(
                "etc/bivouac/site.toml", site + "[store.quota]\nusers = { nobody = \"1 MiB\" }\n")
            #expect(try node.prologue().status == 0)
            let refusal = try node.record()?["refusal"] as? [String: Any]
            #expect(refusal?["name"] as? String == "QuotaExceeded")
            let message = try #require(refusal?["message"] as? String)
            #expect(message.contains("the quota of the user 'nobody' is 1 MiB"))
            #expect(try node.epilogue().status == 0)
            // An operator may.
            #expect(try node.bivouac("image", "prefetch", "demo/minimal").status == 0)
        }

        @Test("prefetch goes on after an image that cannot be had, and its status tells")
        func prefetch() throws {
            let node = try Node()
            let run = try node.bivouac("image", "prefetch", "demo/nothing", "demo/minimal", "--json")
            #expect(run.status == 65)
            let rows = try #require(try JSONSerialization.jsonObject(with: run.output) as? [[String: Any]])
            #expect((rows[0]["failure"] as? String)?.contains("UnknownImage") == true)
            #expect(rows[1]["failure"] == nil && (rows[1]["sha512"] as? String)?.utf8.count == 128)
            for words in [[], ["demo/minimal", "--from-queue"]] {
                #expect(try node.bivouac(["image", "prefetch"] + words).status == 64)
            }
        }
    }
}
