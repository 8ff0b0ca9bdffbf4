internal import Job
internal import Unix

Process.end(run(Array(CommandLine.arguments.dropFirst())))

/// Becomes a server of one directory with the rights of one user; what is to be said goes to standard error.
func run(_ arguments: [String]) -> Int32 {
    guard let share = Share(arguments) else {
        Process.report(Share.usage)
        return 64
    }
    // Nobody listens to the server's words for long.
    Signals.ignoreBrokenPipes()
    do throws(UnixError) {
        try share.limit()
        try share.identity.enterNamespace()
        do throws(UnixError) { try share.enter() } catch {
            Process.report("\(error)")
            return 66
        }
        try share.cover()
        try Identity.keepCapabilities()
    } catch {
        Process.report("\(error)")
        return 69
    }
    let code = share.execution.perform()
    Process.report("\(share.server): \(Process.reason(code))")
    return 69
}
