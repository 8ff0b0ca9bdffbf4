import Foundation
import GuestProtocol
import TestSupport
import Testing
import Unix

@Suite(
    "The launcher takes the working directory into the machine and back", .serialized, .needsRoot,
    .timeLimit(.minutes(15)))
struct StagingTests {
    /// An agent and a launcher whose working directory is staged, as root's record says.
    private func withDirectory(
        limit: Int64 = 1 << 30, names: [String] = [], removes: Bool = false, home: String = "/nonexistent",
        directory: String = "here", _ body: (Rehearsal, String) throws -> Void
    ) throws {
        try withAgent { rehearsal in
            let path = "\(rehearsal.scratch)/desk/\(directory)"
            try Files.makeDirectories(path, mode: 0o755)
            rehearsal.directory = path
            let list = names.map { "\"\($0)\"" }.joined(separator: ",")
            let home = home.replacingOccurrences(of: "WORK", with: rehearsal.scratch + "/desk")
            try rehearsal.record(
                "running",
                more:
                    #","queue":"vm","stage":{"limit":\#(limit),"names":[\#(list)],"removes":\#(removes),"home":"\#(home)"}"#
            )
            try body(rehearsal, path)
        }
    }

    @discardableResult
    private func sh(_ line: String, in directory: String) throws -> String {
        let run = try run("/bin/sh", ["-c", "cd \"$0\" && \(line)", directory])
        #expect(run.status == 0, "\(run.errors)")
        return run.text
    }

    private func text(_ path: String) throws -> String {
        String(decoding: try Files.read(path, limit: 1 << 24), as: UTF8.self)
    }

    @Test("a script finds its files, as its user's, and what it makes of them is there afterwards")
    func roundTrip() throws {
        try withDirectory { rehearsal, path in
            try sh(
                "printf in >data; chmod 0640 data; touch -d 2001-02-03 data; mkdir sub; ln -s data link; truncate -s 3G hole; "
                    + "printf kept >sub/kept", in: path)
            let script = try rehearsal.script(
                """
                #!/bin/sh
                pwd; cat data; stat -c '%a %u %Y' data; readlink link; stat -c '%s %b' hole; cat sub/kept
                printf out >result; chmod 0700 result; touch -d 2003-04-05 result; mkdir -p new/deep
                printf changed >sub/changed; ln -s result away; rm sub/kept; truncate -s 2G new/hole
                exit 3

                """)
            let run = try rehearsal.run(script)
            #expect(run.status == 3, "\(run.errors)")
            #expect(run.errors == "")
            #expect(
                run.text == """
                    \(path)
                    in640 \(Rehearsal.uid) \(try sh("stat -c %Y data", in: path))data
                    3221225472 0
                    kept
                    """)
            #expect(try text(path + "/result") == "out")
            #expect(try sh("stat -c '%a %y' result | cut -c-14", in: path) == "700 2003-04-05\n")
            #expect(
                try sh("stat -c '%s %b' new/hole; readlink away; cat sub/*", in: path)
                    == "2147483648 0\nresult\nchangedkept")
            #expect(try sh("ls -A; stat -c %i data", in: path).contains("hole"))
        }
    }

    @Test("removals come back where the job asks for it")
    func removals() throws {
        try withDirectory(removes: true) { rehearsal, path in
            try sh("printf x >a; mkdir d; printf y >d/b; printf z >c", in: path)
            let run = try rehearsal.run(try rehearsal.script("#!/bin/sh\nrm -r a d\n"))
            #expect(run.status == 0, "\(run.errors)")
            #expect(try sh("ls", in: path) == "c\n")
        }
    }

    @Test("what holds more than workdir_limit does not go in, and the message names the setting")
    func tooLarge() throws {
        try withDirectory(limit: 1 << 20) { rehearsal, path in
            try sh("head -c 2000000 /dev/urandom >big", in: path)
            let run = try rehearsal.run(try rehearsal.script("#!/bin/sh\necho ran\n"))
            #expect(run.status == 78)
            #expect(run.text == "")
            #expect(run.errors.contains("workdir_limit = \"1 MiB\" of queue vm"), "\(run.errors)")
            #expect(run.errors.contains("stage=NAME"))
        }
    }

    @Test("what is more than workdir_limit does not come back, and the job has failed")
    func tooMuch() throws {
        try withDirectory(limit: 1 << 20) { rehearsal, path in
            try sh("printf old >b", in: path)
            let script = "#!/bin/sh\nprintf new >a\nhead -c 3000000 /dev/zero | tr '\\0' x >b\n"
            let run = try rehearsal.run(try rehearsal.script(script))
            #expect(run.status == 74)
            #expect(run.errors.contains("workdir_limit = \"1 MiB\""), "\(run.errors)")
            #expect(try text(path + "/b") == "old")
            #expect(try sh("ls -A | grep -c bivouac || true", in: path) == "0\n")
        }
    }

    @Test(
        "what the job made and cannot be read is told, and a script that ended well has failed",
        arguments: [(code: 0, status: 74), (code: 3, status: 3)])
    func unreadable(code: Int32, status: Int32) throws {
        try withDirectory { rehearsal, path in
            try sh("printf old >sent", in: path)
            let script = "printf new >sent; printf x >made; mkdir sub; chmod 0 sent made sub; printf y >b"
            let run = try rehearsal.run(try rehearsal.script("#!/bin/sh\n\(script); exit \(code)\n"))
            #expect(run.status == status)
            let lines = ["made", "sent", "sub"].map { "bivouac: not brought back: \($0): Permission denied" }
            #expect(run.errors.split(separator: "\n").map(String.init).sorted() == lines)
            #expect(try sh("ls; cat sent b", in: path) == "b\nsent\noldy")
        }
    }

    @Test(
        "a home directory and what is above it stay, but for what the job names",
        arguments: ["WORK/here", "WORK/here/below"])
    func home(home: String) throws {
        try withDirectory(home: home) { rehearsal, path in
            try sh("mkdir -p below; printf x >file", in: path)
            let run = try rehearsal.run(try rehearsal.script("#!/bin/sh\nls -A; printf y >new\n"))
            #expect(run.status == 0)
            #expect(run.text == "")
            #expect(run.errors == "")
            #expect(try sh("ls", in: path) == "below\nfile\n")
        }
        try withDirectory(names: ["sub/in", "out"], home: home) { rehearsal, path in
            try sh("mkdir -p sub/in below; printf x >sub/in/file; printf x >sub/other", in: path)
            let script =
                "#!/bin/sh\nfind . -type f\nprintf y >sub/in/new; mkdir out; printf z >out/a; printf w >stays; printf v >sub/stays\n"
            let run = try rehearsal.run(try rehearsal.script(script))
            #expect(run.status == 0, "\(run.errors)")
            #expect(run.text == "./sub/in/file\n")
            #expect(
                try sh("find . -type f | sort", in: path)
                    == "./out/a\n./sub/in/file\n./sub/in/new\n./sub/other\n")
        }
    }

    @Test(
        "names that must stay as they are cannot be staged",
        arguments: [".ssh", ".config/x", "../here", "link", "WORK"])
    func forbidden(name: String) throws {
        try withDirectory(names: [name], home: "WORK/here") { rehearsal, path in
            try sh("mkdir .ssh .config; ln -s /etc link", in: path)
            if name == "WORK" {
                let stage =
                    #","stage":{"limit":1000,"names":["\#(rehearsal.scratch)/desk"],"home":"\#(path)"}"#
                try rehearsal.record("running", more: stage)
            }
            let run = try rehearsal.run(try rehearsal.script("#!/bin/sh\necho ran\n"))
            #expect(run.status == 78)
            #expect(run.text == "")
            #expect(run.errors.hasPrefix("bivouac: stage="), "\(run.errors)")
        }
    }

    @Test("a directory that everybody shares is not staged whole")
    func shared() throws {
        try withDirectory { rehearsal, path in
            try sh("printf x >file; chmod 1777 .", in: path)
            let run = try rehearsal.run(try rehearsal.script("#!/bin/sh\nls\n"))
            #expect(run.status == 0)
            #expect(run.text == "")
        }
    }

    @Test("the root directory is not staged whole, not for a user without a home either")
    func root() throws {
        try withDirectory(limit: 1000) { rehearsal, _ in
            let script = try rehearsal.script("#!/bin/sh\npwd\n")
            let run = try rehearsal.run("/bin/sh", ["-c", "cd /; exec \(script)"])
            #expect(run.status == 0, "\(run.errors)")
            #expect(run.text == "/\n")
        }
    }

    @Test("the job's own outputs in its working directory are neither sent nor replaced")
    func outputs() throws {
        try withDirectory { rehearsal, path in
            let files = ["out", "err"].map { URL(fileURLWithPath: "\(path)/\($0)") }
            for file in files { try Data().write(to: file) }
            let script = try rehearsal.script("#!/bin/sh\nls\nprintf fake >out\n")
            let process = try rehearsal.start(
                script, output: try FileHandle(forWritingTo: files[0]),
                errors: try FileHandle(forWritingTo: files[1]))
            process.waitUntilExit()
            #expect(try text(path + "/out") == "")
            #expect(process.terminationStatus == 74)
            #expect(try text(path + "/err").contains("out: Device or resource busy"))
        }
    }

    @Test(
        "a machine that sends files where none are due, or to no proper name, has lost its job",
        arguments: [true, false])
    func impostor(isStaged: Bool) throws {
        try withScratch { scratch in
            let rehearsal = try Rehearsal(scratch: scratch)
            defer { rehearsal.end() }
            let path = scratch + "/desk/here"
            try Files.makeDirectory(path, mode: 0o755)
            rehearsal.directory = path
            let stage = #","stage":{"limit":1000000,"names":[],"home":"/nonexistent"}"#
            try rehearsal.record("running", more: isStaged ? stage : "")
            var frames = FrameWriter()
            frames.append(.started)
            // A place, and a file called `../x` in it.
            let place: [UInt8] = [1, 0, 0, 0xED, 1] + [UInt8](repeating: 0, count: 8)
            let file = [4, 4] + Array("../x".utf8) + [0xA4, 1] + [UInt8](repeating: 0, count: 8)
            frames.append(.returned, isStaged ? place + file : place)
            frames.append(.exited, [0])
            rehearsal.startImpostor(frames.take())
            let run = try rehearsal.run(try rehearsal.script("#!/bin/sh\n"))
            #expect(run.status == 76, "\(run.errors)")
            #expect(run.errors.contains("malformed"))
            #expect(try sh("find ..", in: path) == "..\n../here\n")
        }
    }

    @Test("a launcher that is killed anywhere leaves each file whole, old or new", arguments: 0..<6)
    func killed(round: Int) throws {
        try withDirectory { rehearsal, path in
            let old = String(repeating: "o", count: 300_000)
            for number in 0..<40 { try Files.write(old, to: "\(path)/f\(number)", mode: 0o644) }
            let script = try rehearsal.script(
                "#!/bin/sh\nfor i in *; do head -c 400000 /dev/zero | tr '\\0' n >$i; done\necho done\n")
            let output = rehearsal.scratch + "/output"
            try Data().write(to: URL(fileURLWithPath: output))
            let process = try rehearsal.start(
                script, output: try FileHandle(forWritingTo: URL(fileURLWithPath: output)))
            // In the first rounds on its way in, then while the results come back.
            if round >= 2 {
                for _ in 0..<2000 where try text(output).isEmpty { usleep(2000) }
            }
            usleep(UInt32.random(in: 0..<30_000))
            kill(process.processIdentifier, SIGKILL)
            process.waitUntilExit()
            for number in 0..<40 {
                let now = try text("\(path)/f\(number)")
                #expect(now == old || now == String(repeating: "n", count: 400_000))
            }
        }
    }
}
