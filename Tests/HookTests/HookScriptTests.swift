import Foundation
import Testing

extension HookTests {
    /// hooks/slurm as they are installed, run as slurmd runs them: with no PATH and little else.
    @Suite("The installed Slurm hooks")
    struct HookScriptTests {
        /// An installation below a directory of the test's own, whose programs tell what they were given.
        private func install(on node: Node) throws -> String {
            let hooks = try node.install()
            for (program, status) in [("prologue", 41), ("epilogue", 42)] {
                let path = "usr/libexec/bivouac/bivouac-\(program)"
                try FileManager.default.removeItem(atPath: node.path(path))
                try node.writeProgram(
                    path, "#!/bin/sh\necho \"\(program) $BIVOUAC_ROOT $*\"\nexit \(status)\n")
            }
            return hooks
        }

        private func hook(_ path: String, _ environment: [String: String] = [:]) throws -> Outcome {
            try Launch.run(["/usr/bin/env", "-i"] + environment.map { "\($0)=\($1)" } + [path])
        }

        @Test(
            "leave jobs of other partitions alone, also without any program of ours",
            arguments: ["normal", "", "vmx"])
        func foreign(_ partition: String) throws {
            let node = try Node(refreshed: false)
            let hooks = try install(on: node)
            for program in ["prologue", "epilogue"] {
                try FileManager.default.removeItem(
                    atPath: node.path("usr/libexec/bivouac/bivouac-\(program)"))
            }
            for name in ["prolog", "epilog"] {
                for environment in [
                    ["SLURM_JOB_PARTITION": partition, "SLURM_JOB_ID": "1"], ["SLURM_JOB_ID": "1"], [:],
                ] {
                    let run = try hook("\(hooks)/\(name)", environment)
                    #expect(run.status == 0)
                    #expect(run.output.isEmpty)
                    #expect(run.errors == "")
                }
            }
        }

        @Test("leave them in the shell: no program is started", .needsProgram("/usr/bin/strace"))
        func noProgram() throws {
            let node = try Node(refreshed: false)
            let hooks = try install(on: node)
            for name in ["prolog", "epilog"] {
                let run = try Launch.run([
                    "/usr/bin/strace", "-f", "-qq", "-e", "trace=execve,fork,vfork,clone,clone3", "-o",
                    node.path("trace"), "/usr/bin/env", "-i", "SLURM_JOB_PARTITION=normal", "SLURM_JOB_ID=1",
                    "\(hooks)/\(name)",
                ])
                #expect(run.status == 0)
                let calls = try String(contentsOfFile: node.path("trace"), encoding: .utf8)
                    .split(separator: "\n").filter { !$0.contains("+++") }
                // env, and the hook itself.
                #expect(calls.count == 2, "\(calls)")
            }
        }

        @Test("hand our partition's job to the prologue, with the root and its status")
        func prolog() throws {
            let node = try Node(refreshed: false)
            let hooks = try install(on: node)
            let run = try hook(
                hooks + "/prolog", ["SLURM_JOB_PARTITION": "vm", "BIVOUAC_ROOT": "/elsewhere"])
            #expect(run.status == 41)
            #expect(run.text == "prologue \(node.root) slurm\n")
        }

        @Test("are a fault when the program of ours is missing: fail closed")
        func missingProgram() throws {
            let node = try Node(refreshed: false)
            let hooks = try install(on: node)
            try FileManager.default.removeItem(atPath: node.path("usr/libexec/bivouac/bivouac-prologue"))
            #expect(try hook(hooks + "/prolog", ["SLURM_JOB_PARTITION": "vm"]).status != 0)
        }

        @Test("hand a job with a live directory to the epilogue, whatever its partition is now")
        func epilog() throws {
            let node = try Node(refreshed: false)
            let hooks = try install(on: node)
            try node.write("run/bivouac/jobs/t-4711/record.json", "{}")
            let run = try hook(hooks + "/epilog", ["SLURM_JOB_ID": "4711"])
            #expect(run.status == 42)
            #expect(run.text == "epilogue \(node.root) slurm\n")
            #expect(try hook(hooks + "/epilog", ["SLURM_JOB_ID": "471"]).status == 0)
        }

        @Test("end a health check with the status of the site's own", arguments: [0, 1, 7])
        func healthCheck(_ status: Int) throws {
            let node = try Node(refreshed: false)
            let hooks = try install(on: node)
            #expect(try hook(hooks + "/health_check").status == 0)
            try node.writeProgram(
                "etc/bivouac/health_check", "#!/bin/sh\necho \"site ${BIVOUAC_ROOT-unset}\"\nexit \(status)\n"
            )
            let run = try hook(hooks + "/health_check")
            #expect(run.status == Int32(status))
            #expect(run.text == "site unset\n")
            // tick was there before it.
            #expect(FileManager.default.fileExists(atPath: node.path("run/bivouac/tick")))
        }

        @Test("carry root, cluster and partitions of site.toml; writing them again changes nothing")
        func writeHooks() throws {
            let node = try Node(refreshed: false)
            let hooks = try install(on: node)
            func texts() throws -> [String] {
                try ["prolog", "epilog", "health_check", "job_submit.lua", "task_prolog.conf"].map {
                    try String(contentsOfFile: "\(hooks)/\($0)", encoding: .utf8)
                }
            }
            let before = try texts()
            let libexec = node.path("usr/libexec/bivouac")
            #expect(before[0].contains("\nroot=\(node.root) libexec=\(libexec) #"))
            #expect(before[0].contains("\nvm) ;; #"))
            #expect(before[1].contains("\nroot=\(node.root) libexec=\(libexec) cluster=t #"))
            #expect(before[2].contains("\nroot=\(node.root) sbin=\(node.path("usr/sbin")) #"))
            #expect(before[3].contains("local partitions = { [\"vm\"] = true } --"))
            #expect(
                before[3].contains("local launcher = \"\(libexec)/bivouac-run --root=\(node.root) --\" --"))
            #expect(
                before[4].split(separator: "\n").dropFirst().map(String.init) == [
                    "root \(node.root)", "launcher \(libexec)/bivouac-run", "cluster t",
                    "spool \(node.path("spool"))", "oci \(node.path("oci.conf"))",
                    "partition vm",
                ])
            #expect(try node.writeHooks().status == 0)
            #expect(try texts() == before)
            for name in ["prolog", "epilog", "health_check"] {
                #expect(try node.mode("\(hooks)/\(name)").mode == 0o755)
            }
            // Two partitions, and an upgrade that keeps the lines.
            let site = try String(contentsOfFile: node.path("etc/bivouac/site.toml"), encoding: .utf8)
            try node.write("etc/bivouac/site.toml", site + "[queue.long]\nallow = [\"demo/*\"]\n")
            #expect(try node.writeHooks().status == 0)
            let two = try texts()
            #expect(two[0].contains("\nlong|vm) ;; #"))
            try node.copyIn()
            #expect(try texts() == two)
        }

        @Test("are refused by doctor where they are not ours")
        func notOurs() throws {
            let node = try Node(refreshed: false)
            let hooks = try install(on: node)
            #expect(try node.writeHooks("/nowhere").status == 64)
            #expect(try node.writeHooks("/nowhere/slurm").status == 78)
            #expect(try node.writeHooks(node.path("libexec/bivouac/slurm")).status == 78)
            try Data("#!/bin/sh\nexit 0\n".utf8).write(to: URL(fileURLWithPath: hooks + "/prolog"))
            let run = try node.writeHooks()
            #expect(run.status == 78)
            #expect(run.errors.contains("prolog has no line that ends in"))
        }

        @Test("are installed by a script that says what is wrong with its words", arguments: InstallCase.all)
        func installer(_ example: InstallCase) throws {
            let run = try Launch.run(
                [Built.tree + "/hooks/install"] + example.words,
                environment: ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin"])
            #expect(run.status == example.status)
            #expect((run.errors + run.text).contains(example.says), "\(run.errors)")
        }

        struct InstallCase: Sendable, CustomTestStringConvertible {
            let words: [String]
            let status: Int32
            let says: String
            var testDescription: String { words.joined(separator: " ") }

            static let all = [
                InstallCase(words: ["--help"], status: 0, says: "usage: hooks/install"),
                InstallCase(words: ["--nonsense"], status: 64, says: "usage: hooks/install"),
                InstallCase(words: ["--prefix"], status: 64, says: "--prefix needs a value"),
                InstallCase(words: ["--prefix", "relative"], status: 64, says: "absolute path: relative"),
                InstallCase(words: ["--prefix", "/a b"], status: 64, says: "letters, digits"),
                InstallCase(words: ["--prefix", "/tmp/$(id)"], status: 64, says: "letters, digits"),
                InstallCase(words: ["--accounts", "x"], status: 64, says: "--accounts needs a number"),
                InstallCase(
                    words: ["--accounts", "1", "--pool", "Root"], status: 64, says: "no name for accounts"),
                InstallCase(
                    words: ["--accounts", "1", "--pool", "a;b"], status: 64, says: "no name for accounts"),
                InstallCase(words: ["--from", "/nonexistent"], status: 66, says: "swift build -c release"),
            ]
        }

        @Test("let interactive jobs in once oci.conf is ours, and turn them away again when it is not")
        func steps() throws {
            let node = try Node(refreshed: false)
            let hooks = try install(on: node)
            func steps() throws -> String? {
                #expect(try node.writeHooks().status == 0)
                return try String(contentsOfFile: hooks + "/job_submit.lua", encoding: .utf8)
                    .split(separator: "\n").first { $0.hasPrefix("local steps") }
                    .map { String($0.prefix { $0 != "-" }) }
            }
            #expect(try steps() == "local steps = false ")
            for name in ["oci.conf", "oci-22.05.conf"] {
                try FileManager.default.createSymbolicLink(
                    atPath: node.path("oci.conf"), withDestinationPath: hooks + "/" + name)
                #expect(try steps() == "local steps = true ")
                try FileManager.default.removeItem(atPath: node.path("oci.conf"))
            }
            try node.write("oci.conf", "RunTimeRun=\"runc run\"\n")
            #expect(try steps() == "local steps = false ")
            let filter = try String(contentsOfFile: hooks + "/cli_filter.lua", encoding: .utf8)
            #expect(filter.contains("local bundle = \"\(hooks)/bundle\" --"))
            #expect(FileManager.default.fileExists(atPath: hooks + "/bundle/config.json"))
        }

        @Test(
            "include a cli_filter.lua that leads steps of ours, and no others",
            .needsProgram("/usr/bin/lua5.1"))
        func cliFilter() throws {
            let run = try Launch.run([
                "/usr/bin/lua5.1", Built.tree + "/Tests/HookTests/cli_filter.lua",
                Built.tree + "/hooks/slurm/cli_filter.lua",
            ])
            #expect(run.status == 0, "\(run.text)\(run.errors)")
        }

        @Test(
            "include a job_submit.lua that wraps, refuses and leaves alone as it says",
            .needsProgram("/usr/bin/lua5.1"))
        func jobSubmit() throws {
            let run = try Launch.run([
                "/usr/bin/lua5.1", Built.tree + "/Tests/HookTests/job_submit.lua",
                Built.tree + "/hooks/slurm/job_submit.lua",
            ])
            #expect(run.status == 0, "\(run.text)\(run.errors)")
            #expect(run.text.contains(" 0 failed"))
        }
    }
}

extension Trait where Self == ConditionTrait {
    /// For what is shown with a program that not every system has.
    static func needsProgram(_ path: String) -> Self {
        .enabled(if: FileManager.default.isExecutableFile(atPath: path), "needs \(path)")
    }
}
