internal import Job
internal import JobMachine
internal import Libvirt
internal import Site
internal import Unix

/// An installation of its own beside the one that is measured: the same programs, trust and libvirt, but jobs
/// and machines that no scheduler knows of.
struct ScratchRoot {
    /// In job keys and domain names, so that the installation's own `tick` leaves ours alone.
    static let cluster = "bench"
    /// What begins the names of all our domains.
    static let domainPrefix = MachineName.domainPrefix + cluster + "-"

    /// The installation's.
    let origin: Places
    /// Ours.
    let places: Places
    let site: Site
    /// The queue whose jobs are made up.
    let queue: Queue

    /// Reads the installation below a root; makes nothing yet.
    init(origin root: String) throws(BenchError) {
        origin = Places(root: root)
        places = Places(root: root.isEmpty ? "/var/lib/bivouac-bench" : root + "/bench")
        let origin = origin
        site = try BenchError.during("no installation below '\(root)/' (examples/single-node/up makes one)") {
            () throws(SiteError) in
            try Site.load(places: origin)
        }
        guard
            let queue = site.queues.values.sorted(by: { $0.name < $1.name }).first(where: { $0.image != nil })
        else { throw .failed("site.toml has no queue with an image: nothing to boot") }
        self.queue = queue
    }

    private var originPrefix: String { origin.root + "/usr" }
    var libexec: String { places.root + "/usr/libexec/bivouac" }
    func hook(_ name: String) -> String { "\(libexec)/slurm/\(name)" }
    /// Files of machines without us.
    var bare: String { places.root + "/bare" }
    /// What slurmd's spool directory would be: scripts of made-up jobs.
    var spool: String { places.root + "/spool" }
    /// Names that directory.
    private var slurm: String { places.root + "/slurm.conf" }
    var rootVariable: String { "BIVOUAC_ROOT=" + places.root }

    /// Slurm's configuration for the hooks; nil for Slurm's own default.
    var slurmConfiguration: String? {
        let path = origin.root + "/slurm/slurm.conf"
        return Files.exists(path) ? path : nil
    }

    /// Takes the directory for this benchmark alone, as long as the lock is held; not while jobs run, whose
    /// machines would be measured too.
    func take() throws(BenchError) -> FileLock {
        let origin = origin
        return try BenchError.during("could not take \(places.root)") { () throws(UnixError) in
            guard try Files.names(in: origin.jobs).isEmpty else {
                throw UnixError("readdir", UnixError.notEmpty, "\(origin.jobs): jobs run on this node")
            }
            try Files.makeDirectories(places.root, mode: 0o755)
            guard let lock = try FileLock.tryAcquire(places.root + "/lock") else {
                throw UnixError("flock", UnixError.busy, "another benchmark is at work")
            }
            return lock
        }
    }

    /// Makes it, anew if a benchmark that was killed left one.
    func make() throws(BenchError) {
        try removeMachines()
        try BenchError.during("could not fill \(places.root)") { () throws(UnixError) in
            for name in try Files.names(in: places.root) where name != "lock" {
                try Files.removeTree(places.root + "/" + name)
            }
            try install()
            try configure()
        }
        let bivouac = originPrefix + "/sbin/bivouac"
        try Programs.run(
            [bivouac, "doctor", "--write-hooks", libexec + "/slurm", "--slurm-conf", slurm],
            environment: [rootVariable])
        try Programs.run([bivouac, "list", "refresh"], environment: [rootVariable])
        if let image = queue.image {
            try Programs.run([bivouac, "image", "fetch", image.description], environment: [rootVariable])
        }
    }

    /// Copies of the files that are installed; the hooks' lines are to name our root.
    private func install() throws(UnixError) {
        for directory in [libexec + "/slurm", bare, spool] {
            try Files.makeDirectories(directory, mode: 0o755)
        }
        let from = originPrefix + "/libexec/bivouac"
        for (from, to) in [(from, libexec), (from + "/slurm", libexec + "/slurm")] {
            for name in try Files.names(in: from) {
                guard let status = try Files.status("\(from)/\(name)"), status.kind == .regular else {
                    continue
                }
                // A second link would change the file's ctime, by which the installation knows its agent.
                try Files.write(
                    try Files.read("\(from)/\(name)", limit: 256 << 20), to: "\(to)/\(name)",
                    mode: status.mode & 0o777)
            }
        }
    }

    private func configure() throws(UnixError) {
        for (from, to) in [
            (origin.endorsers, places.endorsers), (origin.lists, places.lists),
            (origin.denials, places.denials),
        ] {
            try Files.makeDirectories(to, mode: 0o755)
            for name in try Files.names(in: from) {
                try Files.write(
                    try Files.read("\(from)/\(name)", limit: 1 << 20), to: "\(to)/\(name)", mode: 0o644)
            }
        }
        let allow = queue.allow.map { "\"\($0)\"" }.joined(separator: ", ")
        let classes = queue.classes.sorted().map(String.init).joined(separator: ", ")
        // A scheduler that does not know the job grants it no memory: the queue says how much it has.
        let text = """
            cluster = "\(Self.cluster)"
            anchors = "\(site.anchors)"
            maximum_list_age = "\(site.maximumListAge)s"
            virtualization = "\(site.virtualization.rawValue)"
            qemu_accounts = "\(site.qemuAccounts)"
            libvirt = "\(site.libvirt)"
            memory_overhead = "\(site.memoryOverhead)"

            [queue.\(queue.name)]
            image = "\(queue.image?.description ?? "")"
            allow = [\(allow)]
            classes = [\(classes)]
            memory = "\(queue.memory ?? .mebibytes(512))"

            """
        try Files.write(text, to: places.siteFile, mode: 0o644)
        try Files.write("SlurmdSpoolDir=\(spool)\n", to: slurm, mode: 0o644)
    }

    /// Ends every machine that carries our cluster's name.
    func removeMachines() throws(BenchError) {
        try BenchError.during("could not end machines") { () throws(LibvirtError) in
            let connection = try Connection.open(site.libvirt)
            for name in try connection.domains(prefix: Self.domainPrefix) {
                guard let domain = try connection.lookup(name: name) else { continue }
                try domain.destroy()
                try domain.undefine()
            }
        }
    }

    /// Removes everything.
    func remove() throws(BenchError) {
        try removeMachines()
        try BenchError.during("could not remove \(places.root)") { () throws(UnixError) in
            try Files.removeTree(places.root)
        }
    }
}
