internal import Unix

extension JobBench {
    /// One machine at a time: its start, its end, and what our processes cost the node.
    func single() throws(BenchError) -> [Row] {
        var ours = Times()
        var bare = Times()
        for index in 1...samples {
            Self.tell("single: sample \(index) of \(samples)")
            try interleave(
                index,
                ours: { () throws(BenchError) in try jobSample(try MadeUpJob(index, scratch), &ours) },
                bare: { () throws(BenchError) in try bareSample(try BareMachine(index, model), &bare) })
        }
        return [
            Row(
                "prologue, until the domain runs", "ms", ours.running, against: bare.running,
                .ratioAtMost(1.10)),
            Row(
                "prologue, until the agent is ready", "ms", ours.ready, against: bare.ready,
                .ratioAtMost(1.10)),
            Row("epilogue", "ms", ours.end, against: bare.end, .ratioAtMost(1.2)),
            Row("processor time of a short job", "ms", ours.processor, .valueAtMost(120)),
            Row("  of it prologue", "ms", ours.prologue, .none),
            Row("  of it epilogue", "ms", ours.epilogue, .none),
            Row("peak memory of the prologue", "MiB", ours.memory, .valueAtMost(48)),
        ]
    }

    /// Milliseconds, and MiB.
    struct Times {
        var running: [Double] = []
        var ready: [Double] = []
        var end: [Double] = []
        var processor: [Double] = []
        var prologue: [Double] = []
        var epilogue: [Double] = []
        var memory: [Double] = []
    }

    private func jobSample(_ job: MadeUpJob, _ times: inout Times) throws(BenchError) {
        let prologue = try job.prologue()
        try watch.wait("the prologue", for: prologue)
        times.running.append(watch.running(job.domain, since: prologue.began))
        // Its end, so the record and the audit line of the phase are in.
        times.ready.append(prologue.duration)
        times.memory.append(Double(prologue.peak) / 1024)
        try job.writeScript("#!/bin/sh\necho done\n")
        let check = try job.taskProlog()
        try watch.wait("the task prolog", for: check)
        let launcher = try job.task()
        try watch.wait("the launcher", for: launcher)
        let epilogue = try job.epilogue()
        try watch.wait("the epilogue", for: epilogue)
        times.end.append(epilogue.duration)
        times.prologue.append(prologue.processorTime)
        times.epilogue.append(epilogue.processorTime)
        times.processor.append(
            [prologue, check, launcher, epilogue].reduce(0) { $0 + $1.processorTime })
    }

    private func bareSample(_ machine: BareMachine, _ times: inout Times) throws(BenchError) {
        let create = try machine.create()
        try watch.wait("virsh create", for: create)
        try machine.ready()
        times.ready.append(Running.milliseconds(ContinuousClock.now - create.began))
        try watch.wait("libvirt's word", seconds: 10) { watch.started[machine.domain] != nil }
        times.running.append(watch.running(machine.domain, since: create.began))
        let destroy = try machine.destroy()
        try watch.wait("virsh destroy", for: destroy)
        try machine.removeFiles()
        times.end.append(Running.milliseconds(ContinuousClock.now - destroy.began))
    }
}
