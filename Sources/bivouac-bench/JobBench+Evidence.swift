internal import Evidence
internal import Job
internal import Site
internal import Unix

extension JobBench {
    /// What a job pays for its evidence, what that takes on disk, and how long a difference takes.
    ///
    /// Evidence cannot be turned off: what it costs is what the very steps that keep it take when they are done
    /// once more, and the job without it is the job less that.
    func evidence() throws(BenchError) -> [Row] {
        var with: [Double] = []
        var without: [Double] = []
        var kept: [Double] = []
        var size: [Double] = []
        for index in 1...samples {
            Self.tell("evidence: sample \(index) of \(samples)")
            let job = try MadeUpJob(index, scratch)
            let prologue = try job.prologue()
            try watch.wait("the prologue", for: prologue)
            let epilogue = try job.epilogue()
            try watch.wait("the epilogue", for: epilogue)
            let again = try keepAgain(job)
            let all = prologue.duration + epilogue.duration
            with.append(all)
            without.append(all - again.milliseconds)
            kept.append(again.milliseconds)
            size.append(Double(again.bytes) / 1024)
        }
        return [
            Row(
                "prologue and epilogue, against those without evidence", "ms", with, against: without,
                .ratioAtMost(1.10)),
            Row("  of it start and end state", "ms", kept, .none),
            Row("evidence of a job on disk", "KiB", size, .valueAtMost(64)),
        ] + (try DifferenceBench(scratch: scratch, samples: isQuick ? 1 : 3).rows())
    }

    /// Keeps the same start and end state in another place of the same file system.
    private func keepAgain(_ job: MadeUpJob) throws(BenchError) -> (milliseconds: Double, bytes: Int64) {
        let name = MachineName(key: job.key, attempt: 0)
        let store = EvidenceStore(directory: scratch.places.evidence)
        let second = EvidenceStore(directory: scratch.places.evidence + "-again")
        let entry = try BenchError.during("could not find the evidence of \(name)") {
            () throws(EvidenceError) in
            guard let path = try store.paths(of: name).last else { throw .missing(name.description) }
            return try store.entry(path)
        }
        guard let start = entry.start, let end = entry.end else {
            throw .failed("the evidence of \(name) is not complete")
        }
        let from = "\(scratch.places.evidence)/\(entry.path)"
        let list = try BenchError.during("could not read the list") { () throws(UnixError) in
            try Files.read(from + "/list.signed", limit: 64 << 20)
        }
        let began = ContinuousClock.now
        try BenchError.during("could not keep evidence") { () throws(EvidenceError) in
            let receipt = try second.recordStart(
                start,
                files: ["domain.xml", StartState.contextFile].map {
                    ("again-\($0)", .copy(of: "\(from)/\($0)"))
                },
                signedList: list)
            try second.recordEnd(end, at: receipt.path, console: from + "/console.log", overlay: nil)
        }
        return (Running.milliseconds(ContinuousClock.now - began), entry.bytes)
    }
}
