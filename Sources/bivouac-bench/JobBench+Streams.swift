internal import Unix

extension JobBench {
    /// 64 KiB blocks of one burst.
    private static let blocks = 1024
    private static let block = 65_536

    /// A payload that writes as many blocks as it is told, and tells what memory the agent has taken.
    private static let payload = #"""
        #!/bin/sh
        while read -r word; do
            if [ "$word" = memory ]; then
                for status in /proc/[0-9]*/status; do
                    grep -q '^Name:.bivouac-guest$' "$status" && sed -n 's/^VmHWM:[^0-9]*\([0-9]*\).*/\1/p' "$status"
                done 2>/dev/null
                echo end
            else
                dd if=/dev/zero bs=65536 count="$word" 2>/dev/null
            fi
        done

        """#

    /// The same without us: the writer's pipe, busybox's cat in the place of the agent, and the port.
    private static let writer = #"""
        while :; do
            read -r word <&3 || { sleep 1; continue; }
            dd if=/dev/zero bs=65536 count="$word" 2>/dev/null | cat >&3
        done
        """#

    /// Standard output through agent and launcher, against a pipe into the port and socat(1) on the host; then
    /// what memory both of ours took.
    func streams() throws(BenchError) -> [Row] {
        let job = try MadeUpJob(99, scratch)
        try job.writeScript(Self.payload)
        try watch.wait("the prologue", for: try job.prologue())
        let machine = try BareMachine(99, model, context: try makeContext(Self.writer))
        try watch.wait("virsh create", for: try machine.create())
        var launcher = try Conversation { (input, output) throws(BenchError) in
            try job.task(input: input, output: output)
        }
        let socat = try Conversation { (input, output) throws(BenchError) in
            try Running.start(
                [Programs.socat, "STDIO", "UNIX-CONNECT:" + machine.payloadSocket],
                environment: Programs.environment, input: input, output: output)
        }
        watch.own(launcher.process)
        watch.own(socat.process)
        var ours: [Double] = []
        var bare: [Double] = []
        // The first burst waits for the guest's start.
        _ = try burst(launcher)
        _ = try burst(socat)
        for index in 1...samples {
            try interleave(
                index,
                ours: { () throws(BenchError) in ours.append(try burst(launcher)) },
                bare: { () throws(BenchError) in bare.append(try burst(socat)) })
        }
        let agent = try agentMemory(launcher)
        launcher.process.weigh()
        let peak = Double(launcher.process.peak) / 1024
        launcher.hangUp()
        socat.process.kill()
        try watch.wait("the launcher", for: launcher.process)
        try watch.wait("virsh destroy", for: try machine.destroy())
        try watch.wait("the epilogue", for: try job.epilogue())
        return [
            Row("standard output", "MB/s", ours, against: bare, .ratioAtLeast(0.7)),
            Row("peak memory of the launcher", "MiB", [peak], .valueAtMost(12)),
            Row("peak memory of the agent", "MiB", [agent], .valueAtMost(12)),
        ]
    }

    /// MB/s of one burst, from the word that asks for it to its last byte.
    private func burst(_ conversation: borrowing Conversation) throws(BenchError) -> Double {
        let began = ContinuousClock.now
        try conversation.say("\(Self.blocks)\n")
        var left = Self.blocks * Self.block
        while left > 0 { left -= try conversation.hear(watch).count }
        return Double(Self.blocks * Self.block) / 1000 / Running.milliseconds(ContinuousClock.now - began)
    }

    /// MiB of the largest of the agent's processes in the guest.
    private func agentMemory(_ conversation: borrowing Conversation) throws(BenchError) -> Double {
        try conversation.say("memory\n")
        var answer: [UInt8] = []
        while !answer.suffix(4).elementsEqual("end\n".utf8) { answer += try conversation.hear(watch) }
        let sizes = String(decoding: answer, as: UTF8.self).split(separator: "\n").compactMap { Double($0) }
        guard let largest = sizes.max() else { throw .failed("the guest shows no process of the agent") }
        return largest / 1024
    }
}
