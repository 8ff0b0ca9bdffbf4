extension JobBench {
    private static let count = 8

    /// Eight machines at once, until all of them run and until all agents are ready.
    func eight() throws(BenchError) -> [Row] {
        var ours = Times()
        var bare = Times()
        for index in 1...samples {
            Self.tell("eight: sample \(index) of \(samples)")
            let untilReady = index == 1 || !isQuick
            try interleave(
                index,
                ours: { () throws(BenchError) in try eightJobs(100 * index, untilReady, &ours) },
                bare: { () throws(BenchError) in try eightMachines(100 * index, untilReady, &bare) })
        }
        return [
            Row(
                "eight prologues, until all run", "ms", ours.running, against: bare.running, .ratioAtMost(1.2)
            ),
            Row(
                "eight prologues, until all are ready", "ms", ours.ready, against: bare.ready,
                .ratioAtMost(1.2)),
        ]
    }

    private func eightJobs(_ first: Int, _ untilReady: Bool, _ times: inout Times) throws(BenchError) {
        var jobs: [MadeUpJob] = []
        for index in 0..<Self.count { jobs.append(try MadeUpJob(first + index, scratch)) }
        var prologues: [Running] = []
        for job in jobs { prologues.append(try job.prologue()) }
        guard let began = prologues.first?.began else { return }
        if !untilReady {
            try waitUntilRunning(jobs.map(\.domain), prologues)
            // Without its machine a prologue ends at once.
            try scratch.removeMachines()
        }
        try watch.wait("eight prologues", for: prologues) { prologues.allSatisfy { $0.finished != nil } }
        guard prologues.allSatisfy(\.succeeded) else { throw .failed("a prologue failed") }
        times.running.append(jobs.map { watch.running($0.domain, since: began) }.max() ?? .infinity)
        if untilReady {
            times.ready.append(
                prologues.compactMap(\.finished).map { Running.milliseconds($0.at - began) }.max()
                    ?? .infinity)
        }
        var epilogues: [Running] = []
        for job in jobs { epilogues.append(try job.epilogue()) }
        try watch.wait("eight epilogues", for: epilogues) { epilogues.allSatisfy { $0.finished != nil } }
    }

    private func waitUntilRunning(_ domains: [String], _ processes: [Running]) throws(BenchError) {
        try watch.wait("libvirt's word", for: processes, seconds: 60) {
            domains.allSatisfy { watch.started[$0] != nil } || processes.contains { $0.finished != nil }
        }
    }

    private func eightMachines(_ first: Int, _ untilReady: Bool, _ times: inout Times) throws(BenchError) {
        var machines: [BareMachine] = []
        for index in 0..<Self.count { machines.append(try BareMachine(first + index, model)) }
        var creates: [Running] = []
        for machine in machines { creates.append(try machine.create()) }
        guard let began = creates.first?.began else { return }
        try watch.wait("eight creates", for: creates) { creates.allSatisfy { $0.finished != nil } }
        guard creates.allSatisfy(\.succeeded) else { throw .failed("virsh create failed") }
        if untilReady {
            for machine in machines { try machine.ready() }
            times.ready.append(Running.milliseconds(ContinuousClock.now - began))
        }
        try waitUntilRunning(machines.map(\.domain), [])
        times.running.append(machines.map { watch.running($0.domain, since: began) }.max() ?? .infinity)
        var destroys: [Running] = []
        for machine in machines { destroys.append(try machine.destroy()) }
        try watch.wait("eight destroys", for: destroys) { destroys.allSatisfy { $0.finished != nil } }
        for machine in machines { try machine.removeFiles() }
    }
}
