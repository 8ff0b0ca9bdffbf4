internal import Digest
internal import Fetch
internal import ImageStore
internal import Job
internal import Unix

/// What images cost a site: the reference case of 1024 jobs on 16 nodes, and the overlay of one job.
struct StoreBench {
    private let options: StoreOptions
    private let scratch: String

    /// Everything that is made is removed.
    static func run(_ options: StoreOptions) throws(BenchError) -> [Row] {
        let scratch = "/var/tmp/bivouac-bench-store-\(Deadline.now)"
        try BenchError.during("could not make \(scratch)") { () throws(UnixError) in
            try Files.makeDirectory(scratch, mode: 0o700)
        }
        defer { try? Files.removeTree(scratch) }
        let bench = StoreBench(options: options, scratch: scratch)
        return try bench.replay() + bench.overlays()
    }

    // MARK: The reference case

    /// Bytes that no file system and no program can shorten; its digest.
    private func makeImage(_ path: String, _ size: ByteCount) throws(BenchError) -> ImageDigest {
        try BenchError.during("could not make an image") { () throws(UnixError) in
            let file = try FileDescriptor.open(path, [.write, .create])
            var hash = Sha512()
            let random = try FileDescriptor.open("/dev/urandom", .read)
            for index in 0..<(size.bytes >> 20) {
                var bytes = try random.read(upTo: 1 << 20)
                // As a disk: no first byte of another format.
                if index == 0 { bytes[0] = 0 }
                hash.update(bytes)
                try file.write(bytes)
            }
            return hash.finish()
        }
    }

    private func replay() throws(BenchError) -> [Row] {
        let image = scratch + "/image.raw"
        let digest = try makeImage(image, options.size)
        let server = try ThrottledServer(image, rate: options.rate, in: scratch)
        let slots = options.nodes * StoreOptions.slots
        let began = ContinuousClock.now
        var running: [Running] = []
        defer { for process in running { process.kill() } }
        for slot in 0..<slots {
            // Jobs that do not divide evenly go to the first slots.
            let jobs = options.jobs / slots + (slot < options.jobs % slots ? 1 : 0)
            running.append(
                try Running.start(
                    [
                        Process.executable, "part-jobs", "\(scratch)/node\(slot % options.nodes)",
                        server.uri,
                        digest.description, "\(options.size.bytes)", "\(jobs)", "\(slot)",
                    ], environment: Programs.environment))
        }
        try wait(for: running)
        let ours = Running.milliseconds(ContinuousClock.now - began) / 1000
        let transfers = try server.transfers()

        // The same link, a copy for each job: as many at a time as nodes have slots, a sample of all.
        let copies = max(1, options.samples)
        let start = ContinuousClock.now
        let naive = try (0..<copies).map { (number) throws(BenchError) in
            try Running.start(
                [Programs.curl, "-sfo", "\(scratch)/copy\(number)", server.uri],
                environment: Programs.environment)
        }
        try wait(for: naive)
        let sample = Running.milliseconds(ContinuousClock.now - start) / 1000
        let all = sample * Double(options.jobs) / Double(copies)
        return [
            Row(
                "\(options.jobs) jobs on \(options.nodes) nodes: transfers", "transfers",
                [Double(transfers.count)], against: [Double(options.jobs)],
                .valueAtMost(Double(options.nodes))),
            Row(
                "\(options.jobs) jobs: jobs for one transfer", "jobs",
                [Double(options.jobs) / Double(max(1, transfers.count))], .none),
            Row(
                "\(options.jobs) jobs have their overlays, against a copy each (\(copies) measured)", "s",
                [ours],
                against: [all], .ratioAtMost(0.25)),
        ]
    }

    private func wait(for processes: [Running]) throws(BenchError) {
        let deadline = Deadline(seconds: 1800)
        while true {
            for process in processes { process.look() }
            if processes.allSatisfy({ $0.finished != nil }) { break }
            guard !deadline.isOver else { throw .failed("the jobs did not end within half an hour") }
            Deadline.sleep(milliseconds: 5)
        }
        let failed = processes.filter { !$0.succeeded }.count
        guard failed == 0 else { throw .failed("\(failed) of \(processes.count) failed") }
    }

    /// One slot of a node: so many jobs one after another, each with the image and an overlay of it.
    static func jobs(_ words: [String]) throws(BenchError) {
        guard words.count == 6, let digest = ImageDigest(words[2]), let size = Int64(words[3]),
            let count = Int(words[4])
        else { throw .usage("part-jobs is not for people") }
        let store = ImageStore(directory: words[0])
        let source = ImageSource(digest: digest, size: size, format: .raw, uri: words[1])
        try BenchError.during("a job failed") { () throws(ImageStoreError) in
            for number in 0..<count {
                let base = try store.obtain(source, damaged: { _ in }) { () throws(ImageStoreError) in
                    _ = try store.fetch(
                        source, limit: ByteCount(1 << 40), now: Timestamp(seconds: currentSeconds()),
                        before: Deadline(seconds: 1800), by: TransferRules(over: HTTP.transport)
                    ) { ImageNeeds() }
                }
                store.markUsed(digest, at: Timestamp(seconds: currentSeconds()))
                let overlay = "\(words[0])-overlay-\(words[5]).\(number)"
                try Overlay.create(at: overlay, over: base, uid: Process.effectiveUser, gid: 0)
            }
        }
    }

    // MARK: Overlays

    private func overlays() throws(BenchError) -> [Row] {
        var rows: [Row] = []
        var times: [[Double]] = []
        for (name, size) in [("1 GiB", "1G"), ("1 TiB", "1T")] {
            let path = "\(scratch)/base-\(size).qcow2"
            try Programs.run([Programs.qemuImage, "create", "-q", "-f", "qcow2", path, size])
            let (store, digest) = try take(path)
            let image = store.path(of: digest)
            var (ours, bare): ([Double], [Double]) = ([], [])
            for sample in 0..<options.samples {
                let file = "\(scratch)/overlay-\(size)-\(sample)"
                ours.append(
                    try measure([
                        Files.parent(Process.executable) + "/bivouac-bench-overlay", store.directory,
                        digest.description, file + "-ours",
                    ]))
                bare.append(
                    try measure([
                        Programs.qemuImage, "create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", image,
                        file + "-bare",
                    ]))
            }
            rows.append(
                Row(
                    "overlay of \(name), a process each, against qemu-img", "ms", ours, against: bare,
                    .ratioAtMost(1)))
            times.append(ours)
        }
        rows.append(
            Row("overlay of 1 TiB against 1 GiB", "ms", times[1], against: times[0], .ratioAtMost(1.25)))
        return rows
    }

    private func take(_ path: String) throws(BenchError) -> (ImageStore, ImageDigest) {
        let store = ImageStore(directory: scratch + "/overlays")
        let bytes = try BenchError.during("could not read \(path)") { () throws(UnixError) in
            try Files.read(path, limit: 64 << 20)
        }
        let digest = Sha512.digest(bytes)
        let source = ImageSource(
            digest: digest, size: Int64(bytes.count), format: .qcow2, uri: "file://" + path)
        try BenchError.during("could not store \(path)") { () throws(ImageStoreError) in
            _ = try store.fetch(
                source, limit: ByteCount(1 << 40), now: Timestamp(seconds: currentSeconds()),
                before: Deadline(seconds: 60), by: TransferRules(over: HTTP.transport)
            ) { ImageNeeds() }
        }
        return (store, digest)
    }

    private func measure(_ words: [String]) throws(BenchError) -> Double {
        let running = try Running.start(words, environment: Programs.environment)
        let deadline = Deadline(seconds: 60)
        while running.finished == nil, !deadline.isOver {
            if let watch = running.watch {
                var poll = Poll()
                poll.add(watch, .readable)
                poll.wait(milliseconds: 100)
            }
            running.look()
        }
        guard running.succeeded else { throw .failed("\(words.joined(separator: " ")) failed") }
        return running.duration
    }
}
