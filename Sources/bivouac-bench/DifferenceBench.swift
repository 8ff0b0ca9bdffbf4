internal import Site
internal import Unix

/// Compares a disk of 2 GiB, of which a job changed 35 MB, with its image: ours against starting libguestfs on it.
///
/// Timed is `bivouac-difference` from its start to its end: all of `bivouac evidence diff` but finding the evidence,
/// opening the files and printing.
struct DifferenceBench {
    let scratch: ScratchRoot
    let samples: Int

    private static let guestfish = "/usr/bin/guestfish"
    private static let files = 30_000

    private var directory: String { scratch.places.root + "/difference" }

    func rows() throws(BenchError) -> [Row] {
        JobBench.tell("evidence: making a disk of 2 GiB")
        try make()
        var ours: [Double] = []
        var bare: [Double] = []
        let overlay = directory + "/overlay.qcow2"
        let hasLibguestfs = Files.exists(Self.guestfish)
        // The first start of libguestfs builds its appliance; where KVM is there and does not work, it has to be
        // told.
        let works = hasLibguestfs && (try? startLibguestfs(overlay, [])) != nil
        let settings = works ? [] : ["LIBGUESTFS_BACKEND_SETTINGS=force_tcg"]
        if hasLibguestfs, !works { try startLibguestfs(overlay, settings) }
        for index in 1...samples {
            JobBench.tell("evidence: difference \(index) of \(samples)")
            ours.append(try time { () throws(BenchError) in try compare(overlay) })
            if hasLibguestfs {
                bare.append(try time { () throws(BenchError) in try startLibguestfs(overlay, settings) })
            }
        }
        guard hasLibguestfs else {
            return [
                Row("bivouac-difference, 35 MB changed of 2 GiB (without guestfish here)", "ms", ours, .none)
            ]
        }
        return [
            Row(
                "bivouac-difference, 35 MB changed of 2 GiB, against guestfish run", "ms", ours,
                against: bare,
                .ratioAtMost(0.125))
        ]
    }

    private func time(_ body: () throws(BenchError) -> Void) throws(BenchError) -> Double {
        let began = ContinuousClock.now
        try body()
        return Running.milliseconds(ContinuousClock.now - began)
    }

    private func startLibguestfs(_ overlay: String, _ settings: [String]) throws(BenchError) {
        try Programs.run(
            [Self.guestfish, "--ro", "-a", overlay, "run"],
            environment: ["LIBGUESTFS_BACKEND=direct", "HOME=/root", "LC_ALL=C"] + settings, seconds: 600)
    }

    private func compare(_ overlay: String) throws(BenchError) {
        let result = try BenchError.during("could not compare") { () throws(UnixError) in
            let base = try FileDescriptor.open(directory + "/base.raw", .read)
            let disk = try FileDescriptor.open(overlay, .read)
            return try Child.run(
                scratch.libexec + "/bivouac-difference", ["raw"],
                descriptors: [base.rawValue, disk.rawValue],
                seconds: 600, outputLimit: 64 << 20)
        }
        guard result.succeeded, String(decoding: result.output, as: UTF8.self).contains("/job/199") else {
            throw .failed("bivouac-difference: \(String(decoding: result.errors, as: UTF8.self))")
        }
    }

    /// A file system like a small distribution's, and a job's writing to it.
    private func make() throws(BenchError) {
        try BenchError.during("could not make \(directory)") { () throws(UnixError) in
            let content = [UInt8](repeating: 0x42, count: 16_000)
            for index in 0..<Self.files {
                let folder = "\(directory)/tree/\(index / 200)"
                if index % 200 == 0 { try Files.makeDirectories(folder, mode: 0o755) }
                try FileDescriptor.open("\(folder)/\(index)", [.write, .create], mode: 0o644).write(content)
            }
            try FileDescriptor.open(directory + "/base.raw", [.write, .create], mode: 0o600).truncate(
                to: 2 << 30)
        }
        try Programs.run(
            ["/sbin/mke2fs", "-q", "-F", "-t", "ext4", "-d", directory + "/tree", directory + "/base.raw"],
            seconds: 600)
        try Programs.run(
            ["/bin/cp", "--sparse=always", directory + "/base.raw", directory + "/changed.raw"], seconds: 600)
        var commands = "mkdir job\nwrite \(directory)/big job/big\nrm 3/601\n"
        for index in 0..<200 { commands += "write \(directory)/tree/0/0 job/\(index)\n" }
        try BenchError.during("could not write commands") { () throws(UnixError) in
            try Files.removeTree(directory + "/big")
            let big = try FileDescriptor.open(directory + "/big", [.write, .create])
            for index in 0..<30 { try big.write([UInt8](repeating: UInt8(index + 1), count: 1 << 20)) }
            try Files.write(commands, to: directory + "/commands")
        }
        try Programs.run(
            ["/sbin/debugfs", "-w", "-f", directory + "/commands", directory + "/changed.raw"], seconds: 600)
        try seal()
    }

    /// Writes what is different into an overlay, as QEMU does.
    private func seal() throws(BenchError) {
        let overlay = directory + "/overlay.qcow2"
        try Programs.run(
            [
                "/usr/bin/qemu-img", "create", "-q", "-f", "qcow2", "-b", directory + "/base.raw", "-F",
                "raw", overlay,
            ])
        let commands = try BenchError.during("could not compare disks") { () throws(UnixError) in
            let old = try FileDescriptor.open(directory + "/base.raw", .read)
            let new = try FileDescriptor.open(directory + "/changed.raw", .read)
            let piece = 1 << 16
            var commands: [String] = []
            for offset in stride(from: Int64(0), to: 2 << 30, by: piece) {
                let bytes = try new.read(upTo: piece, at: offset)
                if bytes != (try old.read(upTo: piece, at: offset)) {
                    try Files.write(bytes, to: "\(directory)/piece-\(offset)")
                    commands += ["-c", "write -q -s \(directory)/piece-\(offset) \(offset) \(piece)"]
                }
            }
            return commands
        }
        try Programs.run(["/usr/bin/qemu-io", "-f", "qcow2"] + commands + [overlay], seconds: 600)
    }
}
