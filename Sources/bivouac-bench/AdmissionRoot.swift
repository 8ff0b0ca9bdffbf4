internal import ImageTrust
internal import Job
internal import JobMachine
internal import ListStore
internal import Policy
internal import Site
internal import Unix

/// A root directory with lists in force, and nothing else of a node.
struct AdmissionRoot {
    private let places: Places
    private let anchors: String
    private let list: String

    init(_ root: String, anchors: String, list: String) {
        places = Places(root: root)
        self.anchors = anchors
        self.list = list
    }

    /// Puts the signed list in force under as many names.
    func make(lists: Int, at now: Timestamp) throws(BenchError) {
        let bytes = try BenchError.during("could not write below \(places.root)") { () throws(UnixError) in
            try write(lists: lists)
            return try Files.read(list, limit: SignedMessage.usualLimit)
        }
        let site = try Self.load(places)
        guard let rule = site.lists["list0"] else {
            throw .failed("the made-up site has no list: \(site.faults)")
        }
        try BenchError.during("could not put a list in force") { () throws(ListStoreError) in
            let store = ListStore(places)
            var stored = try store.judge(bytes, for: rule, site: site, at: now)
            for number in 0..<lists {
                stored.name = "list\(number)"
                _ = try store.lock(stored.name, before: Deadline(seconds: 5))
                try store.save(stored, signed: bytes)
            }
        }
    }

    private func write(lists: Int) throws(UnixError) {
        for directory in [places.endorsers, places.lists, places.denials] {
            try Files.makeDirectories(directory, mode: 0o755)
        }
        try Files.write(
            """
            cluster = "bench"
            anchors = "\(anchors)"
            [queue.vm]
            image = "list0/image"
            allow = ["list0/*"]

            """, to: places.siteFile, mode: 0o644)
        try Files.write(
            """
            dn = "/DC=org/DC=example/CN=Eve"
            ca = "/DC=org/DC=example/CN=CA"
            vo = "demo"

            """, to: places.endorsers + "/eve.toml", mode: 0o644)
        for number in 0..<lists {
            try Files.write(
                """
                uri = "https://images.example.org/\(number).list"
                identifier = "\(ListsBench.identifier)"
                endorsers = ["eve"]
                class = 2
                [images]
                image = "\(ListsBench.image(100))"

                """, to: "\(places.lists)/list\(number).toml", mode: 0o644)
        }
    }

    private static func load(_ places: Places) throws(BenchError) -> Site {
        try BenchError.during("no site") { () throws(SiteError) in try Site.load(places: places) }
    }

    /// Reads the site and admits a made-up job, as a prologue does; microseconds of processor time.
    static func admit(below root: String) throws(BenchError) -> Int64 {
        let before = Process.processorTime
        let places = Places(root: root)
        var site = try BenchError.during("no site") { () throws(SiteError) in
            try Site.load(places: places, withLists: false)
        }
        guard let key = JobKey("bench-1"), let queue = site.queues.keys.min() else {
            throw .failed("the site has no queue")
        }
        let job = Job(
            key: key, attempt: 0,
            account: Account(name: "alice", uid: 1000, gid: 1000, groups: [], home: "/", shell: "/bin/sh"),
            queue: queue, project: "", nodes: 1,
            resources: Resources(cpus: 1, memory: .mebibytes(512), end: nil), words: [])
        site.addLists(for: job, from: places)
        let now = Timestamp(seconds: currentSeconds())
        let prologue = Prologue(
            site: site, places: places, programs: .installed, clock: { now }, annotate: { _ in })
        _ = try BenchError.during("not admitted") { () throws(MachineFault) in
            try prologue.judge(job, at: now)
        }
        return Process.processorTime - before
    }
}
