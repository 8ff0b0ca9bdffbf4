internal import Job
internal import JobContext
internal import Unix

/// What it costs to tell a machine who it is, and when its job ends.
struct ContextBench {
    /// Disks of one measurement: one alone takes less than the clock tells apart.
    private static let disks = 50

    private let options: ContextOptions
    private let scratch: String

    /// Everything that is made is removed.
    static func run(_ options: ContextOptions) throws(BenchError) -> [Row] {
        let scratch = "/tmp/bivouac-bench-context-\(Deadline.now)"
        try BenchError.during("could not make \(scratch)") { () throws(UnixError) in
            try Files.makeDirectory(scratch, mode: 0o700)
        }
        defer { try? Files.removeTree(scratch) }
        let bench = ContextBench(options: options, scratch: scratch)
        return [try bench.disk()]
            + (try options.job.map { (job) throws(BenchError) in [try bench.notice(job)] } ?? [])
    }

    private var volumes: [Volume] {
        get throws(BenchError) {
            guard let machine = MachineName("bench-1.0"), let image = ImageName("demo/minimal") else {
                throw .failed("no names")
            }
            let facts = ContextFacts(
                machine: machine, uuid: "6a1f5dd5-8d3b-4a06-9f3f-6a2f4d0f3b11", hostname: "bench-1",
                account: "eve", queue: "vm", project: "physics", image: image, lifetime: 3600)
            return try BenchError.during("could not make volumes") { () throws(ContextError) in
                try ContextVolume.make(facts: facts, assignment: [UInt8](repeating: 0x20, count: 1500))
            }
        }
    }

    /// Disks made in this process against xorriso on a directory of the same files.
    private func disk() throws(BenchError) -> Row {
        let volumes = try volumes
        let directory = scratch + "/files"
        for volume in volumes {
            for file in volume.files {
                guard case .bytes(let bytes) = file.content else { continue }
                let path = "\(directory)/\(file.name)"
                try BenchError.during("could not write \(path)") { () throws(UnixError) in
                    try Files.makeDirectories(Files.parent(path), mode: 0o755)
                    try Files.write(bytes, to: path, mode: 0o444)
                }
            }
        }
        var ours: [Double] = []
        var theirs: [Double] = []
        for sample in 0..<options.samples {
            let start = Deadline.now
            for number in 0..<Self.disks {
                let path = "\(scratch)/ours-\(sample)-\(number)"
                try BenchError.during("could not write \(path)") { () throws(ContextError) in
                    try ContextDisk.write(try self.made(), newFile: path, mode: 0o444)
                }
            }
            ours.append(Double(Deadline.now - start) / Double(Self.disks))
            let begun = Deadline.now
            try Programs.run([
                "/usr/bin/xorriso", "-as", "mkisofs", "-quiet", "-V", "CONTEXT", "-R", "-J", "-o",
                "\(scratch)/theirs-\(sample)", directory,
            ])
            theirs.append(Double(Deadline.now - begun))
        }
        return Row("context disk / xorriso -as mkisofs", "ms", ours, against: theirs, .ratioAtMost(0.1))
    }

    private func made() throws(ContextError) -> [Volume] {
        do throws(BenchError) { return try volumes } catch { throw .invalidName("\(error)") }
    }

    /// The verb ends when the agent has confirmed that the payload can read the file.
    private func notice(_ job: String) throws(BenchError) -> Row {
        let root = Process.environment("BIVOUAC_ROOT").map { ["BIVOUAC_ROOT=" + $0] } ?? []
        let verb = [options.bivouac, "job", "notify", job, "--reason", "bench", "--json"]
        defer { _ = try? Programs.run(verb + ["--withdraw"], environment: root) }
        var times: [Double] = []
        var last: [UInt8] = []
        for sample in 0..<options.samples {
            let start = Deadline.now
            // Nearer, and back again: what is not new is not told.
            let news = sample % 2 == 0 ? ["--in", "2m"] : ["--withdraw"]
            let told = try Programs.run(verb + news, environment: root)
            times.append(Double(Deadline.now - start))
            guard told != last else {
                throw .failed("nothing was new to job \(job): it has less than two minutes left")
            }
            last = told
        }
        return Row("job notify -> file changed in the guest", "ms", times, .valueAtMost(1000))
    }
}
