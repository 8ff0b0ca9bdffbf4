// The agent in the guest, and under another name the program that becomes the payload.
internal import Guest
internal import Unix

Process.end(run())

func run() -> Int32 {
    if CommandLine.arguments.first == PayloadProgram.name { return PayloadProgram.run() }
    guard CommandLine.arguments.count == 2 else { return 64 }
    return AgentProgram.run(assignment: CommandLine.arguments[1])
}
