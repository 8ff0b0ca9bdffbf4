import Foundation
import TestSupport
import Testing

/// hooks/gridengine and hooks/htcondor, with programs behind them that tell what they were given.
@Suite("The hooks of Grid Engine and HTCondor", .serialized)
final class OtherHookScriptTests {
    private let directory: String

    init() throws {
        directory = "/tmp/bivouac-test-" + UUID().uuidString
        for name in ["gridengine", "htcondor", "bin"] {
            try FileManager.default.createDirectory(
                atPath: "\(directory)/\(name)", withIntermediateDirectories: true)
        }
        for hooks in ["gridengine", "htcondor"] {
            for name in try FileManager.default.contentsOfDirectory(atPath: "\(Built.tree)/hooks/\(hooks)") {
                let text = try String(contentsOfFile: "\(Built.tree)/hooks/\(hooks)/\(name)", encoding: .utf8)
                try write(
                    "\(hooks)/\(name)",
                    text.replacing("libexec=/usr/libexec/bivouac", with: "libexec=\(directory)"))
            }
        }
    }

    deinit { try? FileManager.default.removeItem(atPath: directory) }

    private func write(_ name: String, _ text: String) throws {
        try writeProgram(text.utf8, to: "\(directory)/\(name)")
    }

    /// Puts a program that says its arguments and environment, and ends so.
    private func program(_ name: String, _ status: Int = 0) throws {
        try write(
            name,
            "#!/bin/sh\necho \"$*\"\nenv | grep -vE '^(PWD|_|SHLVL|OLDPWD)=' | sort\necho 'bivouac: \"why\"' >&2\nexit \(status)\n"
        )
    }

    private func run(_ words: [String], _ environment: [String: String] = [:], input: String? = nil) throws
        -> Outcome
    {
        let launch = try Launch(
            ["\(directory)/\(words[0])"] + words.dropFirst(), environment: environment,
            streams: input == nil ? .files : .input)
        if let input {
            try launch.input?.write(contentsOf: Data(input.utf8))
            try launch.input?.close()
        }
        return try launch.wait()
    }

    private static let ad = "MyType = \"Job\"\nClusterId = 12\nCmd = \"/bin/true\"\nProcId = 3\n"

    @Test(
        "Grid Engine's prolog and epilog give root's programs their words and nothing of the job's environment"
    )
    func gridEngine() throws {
        for (hook, name) in [("prolog", "prologue"), ("epilog", "epilogue")] {
            try program("bivouac-\(name)", 100)
            let outcome = try run(
                ["gridengine/\(hook)", "77", "nobody", "vm.q", "2"],
                [
                    "SGE_TASK_ID": "3", "NHOSTS": "1", "LD_LIBRARY_PATH": "/nowhere",
                    "BIVOUAC_ROOT": "/nowhere", "PATH": "/usr/bin:/bin",
                ])
            #expect(outcome.status == 100)
            #expect(outcome.text == "gridengine 77 nobody vm.q 2\nBIVOUAC_ROOT=\nNHOSTS=1\nSGE_TASK_ID=3\n")
        }
    }

    @Test(
        "Grid Engine's starter puts the launcher in front of a script and of a program, and has no shell for nobody"
    )
    func starter() throws {
        try program("bivouac-run")
        func words(_ task: String?, _ command: String..., mode: String = "posix_compliant") throws -> String {
            var environment = ["JOB_ID": "77", "SGE_STARTER_SHELL_START_MODE": mode]
            environment["SGE_TASK_ID"] = task
            return String(try run(["gridengine/starter"] + command, environment).text.prefix { $0 != "\n" })
        }
        let script = "/spool/job_scripts/77"
        #expect(
            try words("undefined", script, "a")
                == "--root=/ --job=77 --script=\(script) -- /bin/sh \(script) a")
        #expect(
            try words("undefined", script, mode: "unix_behavior")
                == "--root=/ --job=77 --script=\(script) -- \(script)")
        #expect(try words("4", "/bin/echo", "b  c") == "--root=/ --job=77.4 -- /bin/echo b  c")
        #expect(try run(["gridengine/starter"], ["JOB_ID": "77"]).status == 78)
    }

    @Test(
        "HTCondor's hooks ask root for the job of the ad, and say what becomes of it",
        arguments: [
            (0, ""), (78, "HookStatusCode = 78\nHookStatusMessage = \"bivouac: why\"\n"),
            (69, "HookStatusCode = 369\nHookStatusMessage = \"bivouac: why\"\n"),
        ])
    func htCondor(status: Int, said: String) throws {
        try program("bin/sudo", status)
        let path = ["PATH": "\(directory)/bin:/usr/bin:/bin"]
        let prepare = try run(["htcondor/hook"], path, input: Self.ad)
        #expect(prepare.status == 0)
        #expect(prepare.text == said)
        let exit = try run(["htcondor/hook", "exit"], path, input: Self.ad)
        #expect(exit.status == Int32(status))
        #expect(exit.text.hasPrefix("-n \(directory)/htcondor/root epilogue 12.3\n"))
    }

    @Test("HTCondor's root takes two verbs and one number, and gives its program the caller alone")
    func root() throws {
        try program("bivouac-prologue", 78)
        let outcome = try run(
            ["htcondor/root", "prologue", "12.3"], ["SUDO_UID": "7", "X": "y", "PATH": "/usr/bin:/bin"])
        #expect(outcome.status == 78)
        #expect(outcome.text == "htcondor 12.3\nBIVOUAC_ROOT=\nSUDO_UID=7\n")
        for words in [[], ["prologue"], ["run", "12.3"], ["epilogue", "1", "2"]] {
            #expect(try run(["htcondor/root"] + words).status == 64)
        }
    }

    @Test("HTCondor's wrapper puts the launcher in front, with the number of the ad")
    func wrapper() throws {
        try program("bivouac-run")
        try write("ad", Self.ad)
        let outcome = try run(
            ["htcondor/wrapper", "/scratch/condor_exec.exe", "a b"],
            ["_CONDOR_JOB_AD": directory + "/ad", "_CONDOR_SCRATCH_DIR": "/scratch", "PATH": "/usr/bin:/bin"])
        let program = "/scratch/condor_exec.exe"
        #expect(outcome.text.hasPrefix("--root=/ --job=12.3 --script=\(program) -- \(program) a b\n"))
        let installed = try run(
            ["htcondor/wrapper", "/bin/echo"], ["_CONDOR_JOB_AD": directory + "/ad", "PATH": "/usr/bin:/bin"])
        #expect(installed.text.hasPrefix("--root=/ --job=12.3 -- /bin/echo\n"))
    }
}
