internal import Unix

extension JobBench {
    /// What a job of another partition pays: our hooks against a script that does nothing.
    func hooks() throws(BenchError) -> [Row] {
        let nothing = scratch.spool + "/nothing"
        try BenchError.during("could not write \(nothing)") { () throws(UnixError) in
            try Files.write("#!/bin/sh\nexit 0\n", to: nothing, mode: 0o755)
        }
        // What slurmd gives a hook, of a job that is not ours.
        let environment = [
            "SLURM_JOB_ID=1", "SLURM_JOB_UID=65534", "SLURM_JOB_PARTITION=bivouac-none",
            "SLURM_JOB_NUM_NODES=1",
        ]
        var times: [String: [Double]] = [:]
        for _ in 0..<max(100, 20 * samples) {
            for hook in [nothing, scratch.hook("prolog"), scratch.hook("epilog")] {
                let process = try Running.start([hook], environment: environment)
                try watch.wait(hook, for: process)
                times[hook, default: []].append(process.duration)
            }
        }
        let bare = times[nothing] ?? []
        return ["prolog", "epilog"].map { name in
            Row(
                "\(name) of a job that is not ours", "ms", times[scratch.hook(name)] ?? [], against: bare,
                .ratioAtMost(1.5))
        }
    }
}
