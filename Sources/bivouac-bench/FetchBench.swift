internal import Digest
internal import Fetch
internal import ImageStore
internal import Job
internal import Unix

/// What it costs to fetch, verify and store an image, against curl, sha512sum and sync one after the other.
struct FetchBench {
    private let options: FetchOptions
    private let scratch: String

    private static let busybox = "/bin/busybox"

    /// Everything that is made is removed.
    static func run(_ options: FetchOptions) throws(BenchError) -> [Row] {
        let scratch = "/var/tmp/bivouac-bench-fetch-\(Deadline.now)"
        try BenchError.during("could not make \(scratch)") { () throws(UnixError) in
            try Files.makeDirectory(scratch, mode: 0o700)
        }
        defer { try? Files.removeTree(scratch) }
        return try FetchBench(options: options, scratch: scratch).measure()
    }

    private func measure() throws(BenchError) -> [Row] {
        let digest = try makeImage()
        let port = 20_000 + Int(Process.id) % 20_000
        let server = try Running.start(
            [Self.busybox, "httpd", "-f", "-p", "127.0.0.1:\(port)", "-h", scratch],
            environment: Programs.environment)
        defer { server.kill() }
        let uri = "http://127.0.0.1:\(port)/image.raw"
        try Programs.run([
            "/usr/bin/curl", "-sf", "--retry", "50", "--retry-connrefused", "--retry-delay", "1", "-o",
            "/dev/null", uri,
        ])
        let bare = [
            Programs.shell, "-c", "curl -sfo \"$0\" \"$1\" && sha512sum \"$0\" && sync \"$0\"",
            scratch + "/copy", uri,
        ]
        let store = scratch + "/store"
        let ours = [
            Process.executable, "part-fetch", store, uri, digest.description, "\(options.size.bytes)",
        ]
        var times: (ours: [Double], bare: [Double]) = ([], [])
        var peak: Int64 = 0
        for _ in 0..<options.samples {
            let running = try time(ours)
            times.ours.append(running.duration / 1000)
            peak = max(peak, running.peak)
            try clear(store)
            times.bare.append(try time(bare).duration / 1000)
            try clear(scratch + "/copy")
        }
        let size = options.size.description
        return [
            Row(
                "fetch, verify and store \(size), against curl, sha512sum, sync", "s", times.ours,
                against: times.bare, .ratioAtMost(1)),
            Row("fetch of \(size): peak memory", "MiB", [Double(peak) / 1024], .valueAtMost(32)),
        ]
    }

    /// Bytes that nothing can shorten; its digest.
    private func makeImage() throws(BenchError) -> ImageDigest {
        try BenchError.during("could not make an image") { () throws(UnixError) in
            let file = try FileDescriptor.open(scratch + "/image.raw", [.write, .create], mode: 0o644)
            let random = try FileDescriptor.open("/dev/urandom", .read)
            var hash = Sha512()
            for piece in 0..<(options.size.bytes >> 20) {
                var bytes = try random.read(upTo: 1 << 20)
                // As a disk: no first byte of another format.
                if piece == 0 { bytes[0] = 0 }
                hash.update(bytes)
                try file.write(bytes)
            }
            try file.synchronize()
            return hash.finish()
        }
    }

    private func clear(_ path: String) throws(BenchError) {
        try BenchError.during("could not remove \(path)") { () throws(UnixError) in try Files.removeTree(path)
        }
    }

    private func time(_ words: [String]) throws(BenchError) -> Running {
        let running = try Running.start(words, environment: Programs.environment)
        let deadline = Deadline(seconds: 600)
        while running.finished == nil {
            running.weigh()
            running.look()
            guard running.finished == nil else { break }
            guard !deadline.isOver else {
                running.kill()
                throw .failed("\(words[0]) did not end within 600 s")
            }
            Deadline.sleep(milliseconds: 2)
        }
        guard running.succeeded else { throw .failed("\(words.joined(separator: " ")) failed") }
        return running
    }

    /// One fetch, in a process of its own.
    static func fetch(_ words: [String]) throws(BenchError) {
        guard words.count == 4, let digest = ImageDigest(words[2]), let size = Int64(words[3]) else {
            throw .usage("part-fetch is not for people")
        }
        let source = ImageSource(digest: digest, size: size, format: .raw, uri: words[1])
        try BenchError.during("could not fetch \(words[1])") { () throws(ImageStoreError) in
            _ = try ImageStore(directory: words[0]).fetch(
                source, limit: ByteCount(1 << 40), now: Timestamp(seconds: currentSeconds()),
                before: Deadline(seconds: 600), by: TransferRules(over: HTTP.transport)
            ) { ImageNeeds() }
        }
    }
}
