package import Job

/// Every path that Bivouac uses on a node, below one root.
package struct Places: Hashable, Sendable {
    /// The directory that stands for `/`, without a slash at the end; empty on a production node.
    package let root: String

    /// The paths below a root; slashes at its end are dropped.
    package init(root: String = "") {
        var root = Substring(root)
        while root.last == "/" { root.removeLast() }
        self.root = String(root)
    }

    /// What a site declares.
    package var configuration: String { root + "/etc/bivouac" }
    /// The site-wide settings.
    package var siteFile: String { configuration + "/site.toml" }
    /// A file for each endorser.
    package var endorsers: String { configuration + "/endorsers.d" }
    /// A file for each subscription to an image list.
    package var lists: String { configuration + "/lists.d" }
    /// A file for each denial.
    package var denials: String { configuration + "/deny.d" }
    /// A file for each of the site's additions to machines.
    package var snippets: String { configuration + "/context.d" }
    /// What lives no longer than the machines.
    package var run: String { root + "/run/bivouac" }
    /// The live jobs.
    package var jobs: String { run + "/jobs" }
    /// Which accounts of the pool are taken.
    package var accounts: String { run + "/accounts" }
    /// Held by the one `tick` that is at work.
    package var tickLock: String { run + "/tick" }
    /// How the last `tick` ended.
    package var ticked: String { run + "/ticked" }
    /// The cached verdict on the kind of virtualisation that works here.
    package var virtualization: String { run + "/virtualization.json" }
    /// Which images the batch system was last told of.
    package var features: String { run + "/features.json" }
    /// The live directory of a job.
    package func job(_ key: JobKey) -> JobDirectory { JobDirectory(path: "\(jobs)/\(key)") }
    /// What outlives a reboot.
    package var state: String { root + "/var/lib/bivouac" }
    /// The machines' own files.
    package var machines: String { state + "/machines" }
    /// The directory of a machine.
    package func machine(_ name: MachineName) -> MachineDirectory {
        MachineDirectory(path: "\(machines)/\(name)")
    }
    /// Machines of the past that were booted again for a look.
    package var replays: String { state + "/replays" }
    /// Where disks of the past are read by programs from elsewhere.
    package var looks: String { state + "/looks" }
    /// The volumes that hold the agent.
    package var tools: String { state + "/tools" }
    /// The agent's volume with this SHA-512, in hex.
    package func toolsVolume(_ digest: String) -> String { "\(tools)/\(digest).iso" }
    /// The accepted image lists.
    package var listStates: String { state + "/lists" }
    /// The directory of a list, named by its file in `lists.d`.
    package func listState(_ list: String) -> String { "\(listStates)/\(list)" }
    /// How the last fetch of a list went.
    package func listFetch(_ list: String) -> String { listState(list) + "/fetch.json" }
    /// The images, by digest.
    package var images: String { state + "/images" }
    /// The directory of the image with this SHA-512, in hex.
    package func image(_ digest: String) -> String { "\(images)/\(digest)" }
    /// Events that could not be logged when they happened.
    package var unlogged: String { state + "/unlogged" }
    /// What machines left behind, by day.
    package var evidence: String { state + "/evidence" }
    /// The directory of a machine's evidence; the date is `YYYY-MM-DD`.
    package func evidence(_ name: MachineName, date: String) -> String { "\(evidence)/\(date)/\(name)" }
    /// The disks that users keep on this node.
    package var userDisks: String { state + "/users" }
    /// The disk of a user.
    package func userDisk(_ uid: UInt32) -> UserDiskDirectory {
        UserDiskDirectory(path: "\(userDisks)/\(uid)")
    }
    /// The hash-chained log.
    package var auditLog: String { root + "/var/log/bivouac/audit.jsonl" }
}

extension Places {
    /// The longest path that `sockaddr_un` takes, its NUL left out (unix(7)).
    package static let socketPathLimit = 107
    /// Room kept for a job id when a root is judged: the digits of a 64-bit number.
    static let jobDigits = 20

    /// Refuses a root that is not an absolute path, or too long for the sockets of the cluster's jobs.
    ///
    /// Room is kept for job ids of up to 20 digits; `check(_:)` judges one job exactly.
    package func check(cluster: String) throws(SiteError) {
        guard root.isEmpty || root.hasPrefix("/") else {
            throw .root(root, reason: "it is not an absolute path")
        }
        guard !root.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F }) else {
            throw .root(root, reason: "it contains a control character")
        }
        let longest = "\(jobs)/\(cluster)-\(String(repeating: "9", count: Self.jobDigits))"
        try Self.check(socket: JobDirectory(path: longest).payloadSocket)
    }

    /// Refuses a job whose sockets would have paths that are too long.
    package func check(_ key: JobKey) throws(SiteError) {
        try Self.check(socket: job(key).payloadSocket)
    }

    private static func check(socket path: String) throws(SiteError) {
        guard path.utf8.count <= socketPathLimit else {
            throw .socketPathTooLong(path, limit: socketPathLimit)
        }
    }
}
