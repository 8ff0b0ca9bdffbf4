import Foundation
import TestSupport
import Testing

extension HookTests {
    @Suite("An image from a server")
    struct ImageFetchTests {
        static let isLong = ProcessInfo.processInfo.environment["BIVOUAC_TEST_LONG"] != nil
        /// Calls by which a fetch changes what lies on disk.
        static let changes = ["mkdir", "pwrite64", "ftruncate", "fsync", "fchmod", "rename", "unlink"]

        /// The program under strace(1), which does that at the N-th such call.
        static func struck(_ site: ImageSite, _ call: String, _ what: String, at count: Int) -> [String] {
            [
                "/usr/bin/strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=\(call)", "-e",
                "inject=\(call):\(what):when=\(count)",
            ] + site.fetch
        }

        @Test("is fetched with a word on how it goes on, as lines or as JSON, and one document in the end")
        func progress() throws {
            let site = try ImageSite(mebibytes: 2)
            let plain = try site.start().wait()
            #expect(plain.status == 0)
            #expect(
                plain.errors.contains("bivouac: fetching \(site.server.uri)/image: \(site.body.count) bytes"))
            #expect(plain.text.hasPrefix(site.digest + ": "))
            #expect(try site.isComplete())
            try site.emptyStore()
            let json = try site.start(site.fetch + ["--json"]).wait()
            let events = try json.errors.split(separator: "\n").map {
                try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any]
            }
            #expect(events.first??["event"] as? String == "began")
            #expect(events.last??["event"] as? String == "received")
            #expect(events.last??["have"] as? Int == site.body.count)
            let image = try JSONSerialization.jsonObject(with: json.output) as? [String: Any]
            #expect(image?["digest"] as? String == site.digest)
        }

        @Test("shows a bar on a terminal", .needsProgram("/usr/bin/script"))
        func terminal() throws {
            let site = try ImageSite(mebibytes: 2)
            let words = ["/usr/bin/script", "-qec", site.fetch.joined(separator: " "), "/dev/null"]
            let run = try site.start(words).wait()
            #expect(run.status == 0)
            let full = "\r[" + String(repeating: "#", count: 40) + "] 100 % of \(site.body.count) bytes"
            #expect(run.text.contains(full))
            #expect(try site.isComplete())
        }

        @Test(
            "is looked for at the site's mirror first, by its digest, and comes no faster than the site says")
        func mirror() throws {
            let site = try ImageSite(mebibytes: 2)
            let body = site.body
            let mirror = try LoopbackServer { ImageSite.answer($0, body) }
            defer { mirror.stop() }
            try site.node.configure([
                "store.mirror": "\"\(mirror.uri)/by-digest\"", "store.bandwidth": "\"2 MiB\"",
            ])
            let began = Date()
            #expect(try site.start().wait().status == 0)
            #expect(Date().timeIntervalSince(began) > 0.5)
            #expect(mirror.requests.map(\.path) == ["/by-digest/\(site.digest)"])
            #expect(site.server.requests.isEmpty)
            try site.emptyStore()
            mirror.answer { _ in [.answer("404 Not Found")] }
            let run = try site.start().wait()
            #expect(run.status == 0)
            #expect(
                run.errors.contains("giving up \(mirror.uri)/by-digest/") && run.errors.contains("says 404"))
            #expect(site.server.requests.map(\.path) == ["/image"])
            #expect(try site.isComplete())
        }

        @Test(
            "whose fetch is killed at any step is whole after the next one, and nothing else is left",
            .needsProgram("/usr/bin/strace"), arguments: [false, true])
        func killedAtSteps(packed: Bool) throws {
            let site = try ImageSite(mebibytes: 2, packed: packed)
            let calls = packed && !Self.isLong ? ["pwrite64", "unlink"] : Self.changes
            var steps = 0
            for call in calls {
                for count in 1...100 {
                    let killed = try site.start(Self.struck(site, call, "signal=KILL", at: count)).wait()
                    if killed.status == 0 { break }
                    steps += 1
                    let step = "\(call) \(count)"
                    // Or one that works for it was, as each counts its own calls.
                    #expect(
                        [-9, 128 + 9].contains(killed.status) || killed.errors.contains("ended by signal 9"),
                        "\(step): \(killed.status) \(killed.errors)")
                    // Nothing is visible that is not whole.
                    if site.stored.contains(site.digest) { #expect(try site.isComplete(), "\(step)") }
                    let next = try site.start().wait()
                    #expect(next.status == 0, "\(step): \(next.errors)")
                    #expect(try site.isComplete(), "\(step): \(site.stored)")
                    try site.emptyStore()
                }
                #expect(try site.isComplete(), "\(call)")
                try site.emptyStore()
            }
            #expect(steps >= (packed ? 5 : 20))
        }

        @Test("whose fetch is killed anywhere among its bytes goes on from there")
        func killedAmongBytes() throws {
            let site = try ImageSite(mebibytes: 6)
            for round in 0..<(Self.isLong ? 100 : 6) {
                site.withhold()
                let asked = site.server.requests.count
                let fetch = try site.start()
                let threshold = Int.random(in: 0..<(site.body.count - (2 << 20)))
                try Harness.eventually("bytes arrive") { site.arrived ?? -1 >= threshold }
                fetch.kill(SIGKILL)
                _ = try fetch.wait()
                let arrived = site.arrived ?? 0
                site.speedUp()
                let next = try site.start().wait()
                #expect(next.status == 0, "\(next.errors)")
                #expect(try site.isComplete(), "round \(round)")
                let ranges = site.server.requests.dropFirst(asked).map { $0.headers["range"] }
                #expect(ranges == [nil, arrived > 0 ? "bytes=\(arrived)-" : nil])
                try site.emptyStore()
            }
        }

        @Test(
            "whose disk is full at any step is refused with what is free, leaves nothing, and comes when there is room",
            .needsProgram("/usr/bin/strace"), arguments: [false, true])
        func fullAtSteps(packed: Bool) throws {
            let site = try ImageSite(mebibytes: 2, packed: packed)
            var steps = 0
            for call in ["mkdir", "pwrite64", "fsync", "rename"] {
                for count in 1...100 {
                    let failed = try site.start(Self.struck(site, call, "error=ENOSPC", at: count)).wait()
                    if failed.status == 0 { break }
                    steps += 1
                    let step = "\(call) \(count)"
                    #expect(failed.status == 69, "\(step): \(failed.errors)")
                    #expect(
                        failed.errors.contains("can be had") || failed.errors.contains("No space left"),
                        "\(step): \(failed.errors)")
                    // The last of all steps comes when the image is in its place.
                    #expect(try site.stored == [] || site.isComplete(), "\(step): \(site.stored)")
                    if site.stored != [] { try site.emptyStore() }
                }
                #expect(try site.isComplete(), "\(call)")
                try site.emptyStore()
            }
            #expect(steps >= 8)
        }

        @Test("that does not fit on the disk beside what running jobs need is refused before a byte comes")
        func fullDisk() throws {
            let site = try ImageSite(mebibytes: 20)
            let images = site.node.path("var/lib/bivouac/images")
            try FileManager.default.createDirectory(atPath: images, withIntermediateDirectories: true)
            let script = "mount -t tmpfs -o size=80m bivouac-test \"$0\" && exec \"$@\""
            let run = try site.start(
                ["/usr/bin/unshare", "-m", "/bin/sh", "-c", script, images] + site.fetch
            ).wait()
            #expect(run.status == 69)
            #expect(run.errors.contains("could not store an image of") && run.errors.contains("can be had"))
            #expect(site.server.requests.isEmpty)
        }

        @Test(
            "that a shared store has on a file system that nobody here can write to is used from there",
            .needsRoot, arguments: ["-o bind,ro", "-t squashfs -o loop,ro"])
        func shared(options: String) throws {
            let site = try ImageSite(mebibytes: 2)
            let (tree, shared) = (site.node.path("tree"), site.node.path("shared"))
            try site.node.configure(["store.shared": "\"\(shared)\""])
            for directory in ["\(tree)/\(site.digest)", shared] {
                try FileManager.default.createDirectory(
                    atPath: directory, withIntermediateDirectories: true)
            }
            try Data(site.body).write(to: URL(fileURLWithPath: "\(tree)/\(site.digest)/image"))
            if options.contains("squashfs") {
                try Launch.require(["/usr/bin/mksquashfs", tree, tree + ".squashfs", "-quiet"])
            }
            let source = options.contains("squashfs") ? tree + ".squashfs" : tree
            let script = """
                mount \(options) "$0" "$1"; touch "$1/x" 2>/dev/null && exit 99
                shift; "$@" >/dev/null; "$1" image verify >/dev/null; "$1" image show demo/minimal --json
                """
            let run = try site.start(
                ["/usr/bin/unshare", "-m", "/bin/sh", "-ec", script, source, shared] + site.fetch
            ).wait()
            #expect(run.status == 0, "\(run.errors)")
            let image = try JSONSerialization.jsonObject(with: run.output) as? [String: Any]
            #expect(image?["layer"] as? String == "shared")
            #expect(image?["path"] as? String == "\(shared)/\(site.digest)/image")
            #expect(site.server.requests.isEmpty)
        }

        @Test("is under fs-verity where the file system has it: not even root writes to it", .needsVerity)
        func verity() throws {
            let site = try ImageSite(mebibytes: 2)
            let images = site.node.path("var/lib/bivouac/images")
            try FileManager.default.createDirectory(atPath: images, withIntermediateDirectories: true)
            let script = """
                truncate -s 200M "$0.ext4"; mke2fs -q -t ext4 -b 4096 -O verity "$0.ext4"; mount -o loop "$0.ext4" "$0"
                "$@" >/dev/null; chmod 600 "$0/$DIGEST/image"
                (printf x >>"$0/$DIGEST/image") 2>/dev/null && exit 99
                "$1" image show demo/minimal --json
                """.replacing("$DIGEST", with: site.digest)
            let run = try site.start(
                ["/usr/bin/unshare", "-m", "/bin/sh", "-ec", script, images] + site.fetch
            ).wait()
            #expect(run.status == 0, "\(run.errors)")
            let image = try JSONSerialization.jsonObject(with: run.output) as? [String: Any]
            #expect((image?["verity"] as? String)?.hasPrefix("sha256:") == true)
        }

        /// The fetch that the others wait for, as it left word.
        static func winner(_ site: ImageSite) throws -> Int32? {
            let path = site.node.path("var/lib/bivouac/images/\(site.digest).new/holder.json")
            guard let data = FileManager.default.contents(atPath: path) else { return nil }
            let holder = try? JSONSerialization.jsonObject(with: data) as? [String: Any]
            return (holder?["pid"] as? Int).map { Int32($0) }
        }

        @Test(
            "for which thirty-two ask at once is sent once; when the one who fetches is killed, the rest once more"
        )
        func singleFlight() throws {
            let site = try ImageSite(mebibytes: 4)
            site.slowDown()
            let first = try (0..<32).map { _ in try site.start() }
            for fetch in first { #expect(try fetch.wait().status == 0) }
            #expect(site.server.requests.count == 1)
            #expect(try site.isComplete())
            try site.emptyStore()

            site.withhold()
            let second = try (0..<32).map { _ in try site.start() }
            try Harness.eventually("a mebibyte has come") { site.arrived ?? 0 >= 1 << 20 }
            let winner = try #require(try Self.winner(site))
            #expect(kill(winner, SIGKILL) == 0)
            let ends = try second.map { try $0.wait() }
            #expect(ends.filter { $0.status == 0 }.count == 31)
            #expect(ends.filter { $0.status == -SIGKILL }.count == 1)
            let ranges = site.server.requests.dropFirst().map { $0.headers["range"] }
            #expect(ranges.count == 2 && ranges[0] == nil && ranges[1]?.hasPrefix("bytes=") == true)
            #expect(try site.isComplete())
            // Those who waited were told for whom.
            let told = "waiting for process \(winner) (image fetch): "
            #expect(ends.contains { $0.errors.contains(told) })
        }

        @Test(
            "that does not come within prologue_timeout refuses the job as ImageUnavailable; the next job has it sooner"
        )
        func prologue() throws {
            let site = try ImageSite(mebibytes: 4)
            let body = site.body
            site.server.answer { request in
                let part = Array(body[..<(3 << 20)])
                guard request.headers["range"] == nil else { return ImageSite.answer(request, body) }
                return [
                    .send("HTTP/1.1 200 OK\r\nContent-Length: \(body.count)\r\n\r\n"), .bytes(part),
                    .wait(30),
                ]
            }
            try site.node.configure(["prologue_timeout": "\"8s\"", "boot_timeout": "\"2s\""])
            let late = try site.node.prologue()
            #expect(late.status == 0, "\(late.errors)")
            let refusal = try #require(try site.node.record()?["refusal"] as? [String: Any])
            #expect(refusal["name"] as? String == "ImageUnavailable")
            #expect((refusal["message"] as? String)?.contains("prologue_timeout = 8 s") == true)
            let next = try site.start().wait()
            #expect(next.status == 0)
            #expect(site.server.requests.map { $0.headers["range"] } == [nil, "bytes=\(3 << 20)-"])
            #expect(try site.isComplete())
        }
    }
}
