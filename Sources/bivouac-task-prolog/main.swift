// Slurm's TaskProlog: in a partition of ours nothing runs on the node but the launcher, of a batch script or as the
// runtime of a step's container.
// Runs as the job's user for every task; nothing of the user's environment can make it say yes.
internal import Unix

Process.end(run())

func run() -> Int32 {
    do throws(Refusal) {
        try judge()
        // Slurm leaves it in a task's environment where there is a TaskProlog, and not where there is none.
        Process.print("unset SLURM_SCRIPT_CONTEXT\n")
        return 0
    } catch {
        // Slurm keeps what is written here for itself but for lines that begin so, which go to the job's
        // standard output; on its standard error Slurm then tells the exit status.
        Process.print("print bivouac: \(error.message)\n")
        return 78
    }
}

func judge() throws(Refusal) {
    let settings = try Settings()
    let step = Step(ofProcess: Process.parent)
    // What the environment says can make a task ours and never the contrary.
    let partition = Process.environment("SLURM_JOB_PARTITION").flatMap { name in
        settings.partitions.first { $0 == name }
    }
    let jobs = [step?.job, Process.environment("SLURM_JOB_ID")].compactMap { $0 }.filter { job in
        !job.isEmpty && job.utf8.allSatisfy { (0x30...0x39).contains($0) }
    }
    guard partition != nil || jobs.contains(where: { isLive($0, settings) }) else { return }

    let place = partition.map { "partition \($0)" } ?? "this job's partition"
    guard let step else { throw Refusal("\(place): the job step cannot be identified on this node") }
    guard step.name == "batch" else { return try judge(step, place, settings) }
    guard isWrapped(settings.script(of: step.job), settings) else {
        throw Refusal("\(place): the script of job \(step.job) does not begin with \(settings.launcherLine)")
    }
}

/// A step of an interactive job is let through where it is the launcher that runs it.
func judge(_ step: Step, _ place: String, _ settings: Settings) throws(Refusal) {
    let isBatch = Files.exists(settings.script(of: step.job))
    guard isBatch || !settings.isContained(step) else { return }
    throw Refusal(
        isBatch
            ? "\(place) runs batch scripts alone, each in a machine of its own: step \(step.job).\(step.name) is refused"
            : "\(place) runs programs in machines alone, and nothing leads this step there "
                + "(srun --container, cli_filter.lua, oci.conf): step \(step.job).\(step.name) is refused")
}

func isLive(_ job: String, _ settings: Settings) -> Bool {
    Files.exists("\(settings.root)/run/bivouac/jobs/\(settings.cluster)-\(job)")
}

/// Whether the script's first line is exactly the launcher's.
func isWrapped(_ path: String, _ settings: Settings) -> Bool {
    guard let file = try? FileDescriptor.open(path, [.read, .noFollow, .nonBlocking]),
        let status = try? file.status(), status.kind == .regular, let start = try? file.read(upTo: 4096)
    else { return false }
    return start.prefix { $0 != 0x0A }.elementsEqual(settings.launcherLine.utf8)
}
