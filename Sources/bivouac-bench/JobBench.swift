internal import Site
internal import Unix

/// Measures jobs' machines: each part interleaves ours and bare, so that what else the node does meets both.
struct JobBench {
    let scratch: ScratchRoot
    let watch: Watch
    let samples: Int
    /// Whether what takes longest is measured once.
    let isQuick: Bool
    let model: BareMachine.Model

    /// Runs the parts and removes what it made, whatever happens.
    static func run(_ options: Options) throws(BenchError) -> [Row] {
        guard Process.effectiveUser == 0 else { throw .notRoot }
        let scratch = try ScratchRoot(origin: options.root)
        let lock = try scratch.take()
        defer { withExtendedLifetime(lock) {} }
        var watch: Watch?
        do throws(BenchError) {
            let all = try Watch(libvirt: scratch.site.libvirt)
            watch = all
            try scratch.make()
            let rows = try measure(options, scratch, all)
            all.end()
            try scratch.remove()
            return rows
        } catch {
            watch?.end()
            // libvirt may be at work still on what one of them asked for.
            Deadline.sleep(milliseconds: 2000)
            try? scratch.remove()
            throw error
        }
    }

    private static func measure(_ options: Options, _ scratch: ScratchRoot, _ watch: Watch) throws(BenchError)
        -> [Row]
    {
        // The first job fills caches: the agent's volume, the verdict on virtualisation, libvirt's own.
        let job = try MadeUpJob(0, scratch)
        try watch.wait("the first prologue", for: try job.prologue())
        let model = try BareMachine.Model(job)
        try watch.wait("the first epilogue", for: try job.epilogue())
        let bench = JobBench(
            scratch: scratch, watch: watch, samples: options.samples, isQuick: options.isQuick,
            model: model)
        var rows: [Row] = []
        for part in options.parts {
            tell(part.rawValue)
            switch part {
            case .single: rows += try bench.single()
            case .eight: rows += try bench.eight()
            case .hooks: rows += try bench.hooks()
            case .streams: rows += try bench.streams()
            case .evidence: rows += try bench.evidence()
            case .staging: rows += try bench.staging()
            }
        }
        return rows
    }

    /// Progress, for whoever waits.
    static func tell(_ text: String) { Process.report("bivouac-bench: \(text)") }

    /// Does both halves of a sample, each first every other time.
    func interleave(
        _ index: Int, ours: () throws(BenchError) -> Void, bare: () throws(BenchError) -> Void
    ) throws(BenchError) {
        if index.isMultiple(of: 2) {
            try ours()
            try bare()
        } else {
            try bare()
            try ours()
        }
    }
}
