internal import GuestProtocol
internal import Unix

/// The program that the agent starts to become the payload: it reads its order, gives up being root for good,
/// and turns into the job's script.
///
/// Failures are told where the script's own would be.
package enum PayloadProgram {
    /// The name it is started under.
    package static let name = "bivouac-payload"
    /// Where it reads its order.
    package static let orderDescriptor: Int32 = 3

    /// Returns only if it failed, with the exit status.
    package static func run() -> Int32 {
        let order: PayloadOrder
        do throws(UnixError) {
            let bytes = try FileDescriptor(owning: orderDescriptor).readAll(
                limit: Begin.longestOrder + 65_536)
            guard let parsed = PayloadOrder(parsing: bytes) else { return fail("the order is not readable") }
            order = parsed
        } catch { return fail("\(error)") }
        Process.closeDescriptors(from: orderDescriptor)
        if Descriptors.kind(0) == .terminal { try? Process.control(terminal: 0) }
        if let group = order.controlGroup {
            try? FileDescriptor.open(group + "/cgroup.procs", .write).write("0")
        }
        try? FileDescriptor.open("/proc/self/oom_score_adj", .write).write("0")
        Scheduling.ordinary()
        return become(order)
    }

    private static func become(_ order: PayloadOrder) -> Int32 {
        var launch = order.launch
        chooseShell(&launch)
        guard let program = program(of: launch) else {
            let name = BytePath(launch.arguments[0])?.text ?? ""
            return fail("execve(): \(name): \(Process.reason(UnixError.noEntry))", status: UnixError.noEntry)
        }
        prepareTemporary(&launch, for: order.identity)
        let execution = Execution(path: program, arguments: launch.arguments, environment: launch.environment)
        // Root may raise limits, the user not; what this machine's kernel refuses stays as it is.
        for limit in launch.limits { try? limit.apply() }
        do throws(UnixError) { try order.identity.assume() } catch { return fail("\(error)", status: 71) }
        Process.setFileModeMask(launch.umask)
        Signals.restoreDefaults()
        enter(launch.directory)
        let code = execution.perform()
        return fail(reason(code, program), status: code)
    }

    /// A login shell that the machine does not have is `/bin/sh`, as in its passwd(5).
    private static func chooseShell(_ launch: inout LaunchOrder) {
        guard Descriptors.kind(0) == .terminal, let shell = launch.variable("SHELL"),
            launch.arguments.count == 1, launch.program?.bytes ?? launch.arguments[0] == shell,
            let path = BytePath(shell), (try? path.status()) == nil
        else { return }
        let isLogin = launch.arguments[0].first == UInt8(ascii: "-")
        launch.arguments = [Array((isLogin ? "-sh" : "/bin/sh").utf8)]
        launch.program = BytePath(Array("/bin/sh".utf8))
        launch.setVariable("SHELL", "/bin/sh")
    }

    /// The path to execute: a name without a slash is looked for in `PATH`.
    private static func program(of launch: LaunchOrder) -> BytePath? {
        if let program = launch.program { return program }
        let name = launch.arguments[0]
        if name.contains(UInt8(ascii: "/")) { return BytePath(name) }
        let search = launch.variable("PATH") ?? Array("/usr/bin:/bin".utf8)
        for directory in search.split(separator: UInt8(ascii: ":")) {
            guard let path = BytePath(Array(directory) + [UInt8(ascii: "/")] + name) else { continue }
            if let status = try? path.status(), status.kind == .regular { return path }
        }
        return nil
    }

    /// As Slurm does on a node: `TMPDIR` is a directory of the user's, or `/tmp`.
    private static func prepareTemporary(_ launch: inout LaunchOrder, for user: Identity) {
        guard let value = launch.variable("TMPDIR"), let path = BytePath(value) else { return }
        do throws(AgentError) {
            try Placement.makeDirectory(path, mode: 0o700, for: user)
        } catch {
            launch.setVariable("TMPDIR", "/tmp")
        }
    }

    private static func enter(_ directory: BytePath) {
        do throws(UnixError) { try directory.enter() } catch {
            say("couldn't chdir to `\(directory.text)': \(error.reason): going to /tmp instead")
            _ = try? BytePath(Array("/tmp".utf8))?.enter()
        }
    }

    /// In the words of slurmstepd, which users know.
    private static func reason(_ code: Int32, _ program: BytePath) -> String {
        if code == UnixError.noEntry, let file = try? program.open(.read),
            let start = try? file.read(upTo: 255),
            start.starts(with: "#!".utf8)
        {
            let line = BytePath(Array(start.dropFirst(2).prefix { $0 != 0x0A && $0 != 0 }))
            return "execve(): bad interpreter(\(line?.text ?? "")): \(Process.reason(code))"
        }
        return "execve(): \(program.text): \(Process.reason(code))"
    }

    private static func fail(_ message: String, status: Int32 = 70) -> Int32 {
        say(message)
        return status
    }

    private static func say(_ message: String) { Process.report("bivouac: error: \(message)") }
}
