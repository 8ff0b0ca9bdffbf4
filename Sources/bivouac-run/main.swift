// The launcher: stands on the node in the place of a job whose payload runs in the job's machine.
internal import GuestProtocol
internal import Unix

Process.end(run())

/// The launcher's own end is the payload's: the same exit code, or death by the same signal.
func run() -> Int32 {
    let end = payloadEnd()
    if case .killed(let signal) = end { Signals.die(by: Int32(signal)) }
    return status(of: end)
}

/// 128 and the signal's number is for a signal that does not end a process by default.
func status(of end: ProcessEnd) -> Int32 {
    switch end {
    case .exited(let code): Int32(code)
    case .killed(let signal): 128 + Int32(signal)
    }
}

/// The payload's end, or a failure's exit status after its one line.
func payloadEnd() -> ProcessEnd {
    let limits = ResourceLimit.all
    let mask = Process.fileModeMask
    Process.closeDescriptors(from: 3)
    Descriptors.completeStandard()
    try? ResourceLimit(resource: ResourceLimit.coreSize, soft: 0, hard: 0).apply()
    Signals.ignoreBrokenPipes()
    do throws(Failure) {
        return try launch(limits, mask)
    } catch {
        Process.report("bivouac: \(error.message)")
        return .exited(UInt8(error.status.rawValue))
    }
}

func launch(_ limits: [ResourceLimit], _ mask: UInt16) throws(Failure) -> ProcessEnd {
    let signals = try failing { () throws(UnixError) in
        try SignalQueue(Signals.relayed + [Signals.windowChange])
    }
    let arguments = try failing { () throws(UnixError) in try Process.arguments() }
    let invocation = try Invocation(arguments)
    if let task = invocation.task { Process.setEnvironment(task.environment) }
    let current = try failing { () throws(UnixError) in try BytePath.current() }
    let job = try LiveJob(root: invocation.root)
    let socket = try job.connect()
    let payload = try job.payload()
    let script = payload.isOfImage ? nil : invocation.script
    var order = LaunchOrder(
        arguments: payload.isOfImage ? [Array("-".utf8)] : invocation.arguments,
        environment: Process.environmentBytes().filter { !HostVariables.contains($0) },
        directory: invocation.task?.directory ?? current, umask: mask, limits: limits,
        scriptMode: script?.mode)
    if payload.isOfImage {
        order.environment = []
    } else {
        order.credentials = try CredentialFiles.read(payload.credentials)
    }
    // Where only one of both is a terminal, a payload on the node would see as much.
    let wantsTerminal =
        !payload.isOfImage && Descriptors.kind(0) == .terminal && Descriptors.kind(1) == .terminal
    var relay = Relay(
        job, socket, signals, try Upload.prepare(order, script), longestSilence: try job.longestSilence(),
        wantsTerminal: wantsTerminal)
    return try relay.run()
}

func failing<Value: ~Copyable>(_ body: () throws(UnixError) -> Value) throws(Failure) -> Value {
    do throws(UnixError) { return try body() } catch { throw Failure(.unavailable, "\(error)") }
}
