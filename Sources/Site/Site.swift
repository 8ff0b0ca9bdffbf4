package import Job

/// What a site decided: `site.toml` and the small files beside it.
package struct Site: Hashable, Sendable {
    /// Part of every job key and domain name.
    package var cluster: String
    /// The batch system whose jobs these are, where a job's record does not say so.
    package var scheduler: BatchSystem
    /// The directory of CA certificates, CRLs and signing policies.
    package var anchors: String
    /// Seconds after which a list is stale, whatever it says itself.
    package var maximumListAge: Int64
    package var virtualization: Virtualization
    /// Seconds a machine has to become ready.
    package var bootTimeout: Int
    /// Seconds for the whole prologue.
    package var prologueTimeout: Int
    /// Seconds without a word from a job's agent after which its machine counts as dead.
    package var silenceTimeout: Int
    /// The accounts machines run as are called this with a number, from 0, behind it.
    package var qemuAccounts: String
    /// The URI of the libvirt that runs the machines.
    package var libvirt: String
    /// Seconds that one call to libvirt may take.
    package var libvirtTimeout: Int
    /// What QEMU itself needs of a job's grant: the guest gets the rest.
    ///
    /// QEMU's resident memory beside the guest's is about 80 MiB under translation, with the 32 MiB of
    /// translated code that a machine of ours may keep, and less under KVM; the default is that and a fifth.
    package var memoryOverhead: ByteCount
    /// The queues that are ours, by name.
    package var queues: [String: Queue]
    /// The endorsers, by name.
    package var endorsers: [String: EndorserRule]
    /// The subscriptions, by name.
    package var lists: [String: ListRule]
    /// What must not boot.
    package var denials: [Denial]
    /// The rule for the node's images.
    package var store: StoreRule
    /// The rule for what machines leave behind.
    package var evidence: EvidenceRule
    /// How image lists are fetched.
    package var fetch: FetchRule
    /// What becomes of a running machine that would not be admitted any more.
    package var revoked: RevokedRule
    /// Seconds that running jobs have when the scheduler drains their node; nil when draining sets no end.
    package var drain: Int64?
    /// Power of one CPU by the benchmark of that name; nil when the site does not say.
    package var hs06: Benchmark?
    /// What machines of some queues see of the node.
    package var exports: [Export]
    /// What the site adds to every machine.
    package var snippets: [ContextSnippet]
    /// What is wrong in drop-in files; whatever they would declare is absent, and a fault in `deny.d` denies
    /// every image.
    package var faults: [SiteFault]
    /// Files in drop-in directories that are not read, since their names do not end in `.toml`.
    package var ignored: [String]

    /// A site with the default for what is left out.
    package init(
        cluster: String, scheduler: BatchSystem = .slurm,
        anchors: String = "/etc/grid-security/certificates",
        maximumListAge: Int64 = 35 * 86_400, virtualization: Virtualization = .auto, bootTimeout: Int = 300,
        prologueTimeout: Int = 480, silenceTimeout: Int = 60, qemuAccounts: String = "bivouac-vm",
        libvirt: String = "qemu:///system",
        libvirtTimeout: Int = 30, memoryOverhead: ByteCount = .mebibytes(96),
        queues: [String: Queue] = [:], endorsers: [String: EndorserRule] = [:],
        lists: [String: ListRule] = [:], denials: [Denial] = [],
        store: StoreRule = StoreRule(), evidence: EvidenceRule = EvidenceRule(),
        fetch: FetchRule = FetchRule(),
        revoked: RevokedRule = .report, drain: Int64? = nil, hs06: Benchmark? = nil, exports: [Export] = [],
        snippets: [ContextSnippet] = [],
        faults: [SiteFault] = [],
        ignored: [String] = []
    ) {
        self.cluster = cluster
        self.scheduler = scheduler
        self.anchors = anchors
        self.maximumListAge = maximumListAge
        self.virtualization = virtualization
        self.bootTimeout = bootTimeout
        self.prologueTimeout = prologueTimeout
        self.silenceTimeout = silenceTimeout
        self.qemuAccounts = qemuAccounts
        self.libvirt = libvirt
        self.libvirtTimeout = libvirtTimeout
        self.memoryOverhead = memoryOverhead
        self.queues = queues
        self.endorsers = endorsers
        self.lists = lists
        self.denials = denials
        self.store = store
        self.evidence = evidence
        self.fetch = fetch
        self.revoked = revoked
        self.drain = drain
        self.hs06 = hs06
        self.exports = exports
        self.snippets = snippets
        self.faults = faults
        self.ignored = ignored
    }

    /// Whom to ask about jobs, where no record says so.
    package var origin: JobOrigin { JobOrigin(scheduler: scheduler.rawValue) }
}
