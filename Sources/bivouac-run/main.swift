// The launcher: stands on the node in the place of a job whose payload runs in the job's machine.
internal import GuestProtocol
internal import Job
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
    let starter: JobStarter?
    do throws(Failure) {
        // A job that is not ours goes on before anything of its surroundings is changed.
        starter = try JobStarter()
        try starter?.stepAside()
    } catch { return failed(error) }
    let limits = ResourceLimit.all
    let mask = Process.fileModeMask
    Process.closeDescriptors(from: 3)
    Descriptors.completeStandard()
    try? ResourceLimit(resource: ResourceLimit.coreSize, soft: 0, hard: 0).apply()
    Signals.ignoreBrokenPipes()
    do throws(Failure) {
        return try launch(starter, limits, mask)
    } catch { return failed(error) }
}

func failed(_ failure: Failure) -> ProcessEnd {
    Process.report("bivouac: \(failure.message)")
    return .exited(UInt8(failure.status.rawValue))
}

func launch(_ starter: JobStarter?, _ limits: [ResourceLimit], _ mask: UInt16) throws(Failure) -> ProcessEnd {
    let signals = try failing { () throws(UnixError) in
        try SignalQueue(Signals.relayed + [Signals.windowChange])
    }
    let call: Call = if let starter { .starter(starter) } else { .command(try Invocation(try commandLine())) }
    let container = call.container
    if let container { Process.setEnvironment(container.environment) }
    let current = try failing { () throws(UnixError) in try BytePath.current() }
    let directory = container?.directory ?? current
    let job = try LiveJob(try call.job(), root: call.root)
    let socket = try job.connect()
    let payload = try job.payload()
    var order = LaunchOrder(
        arguments: [Array("-".utf8)], environment: [], directory: directory, umask: mask, limits: limits,
        scriptMode: nil)
    var script: Script?
    var input: [UInt8] = []
    if !payload.isOfImage {
        let task = try call.task(script: payload.script)
        (script, input) = (task.script, task.input)
        order.arguments = task.arguments
        order.program = task.program
        order.directory = task.directory ?? directory
        order.environment = Process.environmentBytes().filter { !HostVariables.contains($0) }
        order.credentials = try CredentialFiles.read(payload.credentials)
        order.scriptMode = script?.mode
        order.scriptPath = script?.path
    }
    // Where only one of both is a terminal, a payload on the node would see as much.
    let wantsTerminal =
        !payload.isOfImage && Descriptors.kind(0) == .terminal && Descriptors.kind(1) == .terminal
    let request = payload.isOfImage ? nil : try job.stage()
    let stage = try request.flatMap { (request) throws(Failure) in try Stage(request, in: directory) }
    order.stage = stage?.order
    var relay = Relay(
        job, socket, signals, try Upload.prepare(order, script), input: input, stage.map { Exchange($0) },
        longestSilence: try job.longestSilence(), wantsTerminal: wantsTerminal)
    return try relay.run()
}

func commandLine() throws(Failure) -> [[UInt8]] {
    try failing { () throws(UnixError) in try Process.arguments() }
}

func failing<Value: ~Copyable>(_ body: () throws(UnixError) -> Value) throws(Failure) -> Value {
    do throws(UnixError) { return try body() } catch { throw Failure(.unavailable, "\(error)") }
}
