package import Job

/// A Slurm partition or a Torque or PBS queue whose jobs run in machines.
package struct Queue: Hashable, Sendable {
    /// What a machine may reach; nothing reaches a machine.
    package enum Network: String, Hashable, Sendable, CaseIterable {
        case none, trusted, dmz
    }

    /// How the job's working directory comes into the machine.
    package enum WorkDirectory: String, Hashable, Sendable, CaseIterable {
        /// It does not: the directory is there and empty.
        case none
        /// The launcher sends it, and brings back what changed.
        case stage
        case virtiofs
    }

    /// The partition or queue as the batch system calls it.
    package var name: String
    /// The image of a job that names none; without it a job must name one.
    package var image: ImageName?
    /// What a job may boot: `LIST/*` or `LIST/ALIAS`.
    package var allow: [String]
    /// The classes of images that may boot.
    package var classes: Set<Int>
    /// Who may use the queue; an empty array does not restrict, of the others each must hold.
    package var users: [String]
    /// Names of groups, like `users`.
    package var groups: [String]
    /// Names of accounting projects, like `users`.
    package var accounts: [String]
    /// What machines may reach.
    package var network: Network
    /// How the working directory comes into the machine.
    package var workdir: WorkDirectory
    /// The most that a job's files may hold on their way in, and what comes back.
    package var workdirLimit: ByteCount
    /// Names of the site's exports that its machines see.
    package var exports: [String]
    /// The size of the disk that a user's jobs may keep on the node; nil where they have none.
    package var userDisk: ByteCount?
    /// What a job is granted when the scheduler accounts no memory.
    package var memory: ByteCount?
    /// Overrules the evidence rule of the site.
    package var endState: EvidenceRule.EndState?
    /// Seconds that a payload has at least from the moment it is told of a nearer end: not more than the
    /// scheduler leaves a job between TERM and KILL.
    package var grace: Int
    /// What a payload is sent when it is told of a nearer end; a job may name its own.
    package var noticeSignal: NoticeSignal?
    /// What becomes of a payload in whose machine somebody listens.
    package var listening: ListeningRule
    /// Where the payload comes from.
    package var payload: PayloadSource
    /// Variables of a job's environment that name files of its user's which go to the payload.
    package var credentials: [String]

    /// A queue with the default for what is left out.
    package init(
        name: String, image: ImageName? = nil, allow: [String], classes: Set<Int> = [1, 2],
        users: [String] = [], groups: [String] = [], accounts: [String] = [], network: Network = .none,
        workdir: WorkDirectory = .stage, workdirLimit: ByteCount = .mebibytes(1024), memory: ByteCount? = nil,
        endState: EvidenceRule.EndState? = nil, grace: Int = 25, noticeSignal: NoticeSignal? = nil,
        listening: ListeningRule = .note, payload: PayloadSource = .job,
        credentials: [String] = [], exports: [String] = [], userDisk: ByteCount? = nil
    ) {
        self.name = name
        self.image = image
        self.allow = allow
        self.classes = classes
        self.users = users
        self.groups = groups
        self.accounts = accounts
        self.network = network
        self.workdir = workdir
        self.workdirLimit = workdirLimit
        self.memory = memory
        self.endState = endState
        self.grace = grace
        self.noticeSignal = noticeSignal
        self.listening = listening
        self.payload = payload
        self.credentials = credentials
        self.exports = exports
        self.userDisk = userDisk
    }

    /// Whether `allow` names the image.
    package func allows(_ image: ImageName) -> Bool {
        allow.contains { $0 == image.description || $0 == "\(image.list)/*" }
    }
}

extension Queue {
    static let keys = [
        "image", "allow", "classes", "users", "groups", "accounts", "network", "workdir", "workdir_limit",
        "memory", "end_state", "grace", "notice_signal", "listening", "payload", "credentials", "exports",
        "user_disk",
    ]

    /// `declared` are the names of the site's exports.
    init(name: String, _ section: Section, exports declared: [String]) throws(SiteFault) {
        let allow = try section.strings("allow", rule: "LIST/* or LIST/ALIAS") { Self.isPattern($0) }
        self.init(name: name, allow: try section.required("allow", allow, example: "[\"LIST/*\"]"))
        if let text = try section.string(
            "image", rule: "LIST/ALIAS or LIST/UUID", where: { ImageName($0) != nil })
        {
            image = ImageName(text)
        }
        if let image, !allows(image) {
            throw section.fault(at: "image", "is '\(image)', which 'allow' does not name: add it there")
        }
        classes = try section.integers("classes", in: 1...3) ?? classes
        users = try section.people("users")
        groups = try section.people("groups")
        accounts = try section.people("accounts")
        network = try section.choice("network", Network.self) ?? network
        workdir = try section.choice("workdir", WorkDirectory.self) ?? workdir
        workdirLimit =
            try section.size("workdir_limit", in: ByteCount(0)...ByteCount(1 << 50)) ?? workdirLimit
        memory = try section.size("memory", in: .mebibytes(1)...ByteCount(1 << 50))
        endState = try section.choice("end_state", EvidenceRule.EndState.self)
        grace = Int(try section.seconds("grace", in: 0...86_400) ?? Int64(grace))
        noticeSignal = try section.choice("notice_signal", NoticeSignal.self)
        listening = try section.choice("listening", ListeningRule.self) ?? listening
        payload = try section.choice("payload", PayloadSource.self) ?? payload
        credentials =
            try section.strings("credentials", rule: "the name of a variable, in capitals") {
                Self.isVariable($0)
            } ?? []
        exports =
            try section.strings(
                "exports", rule: "a name that stands in [exports]"
            ) { declared.contains($0) } ?? exports
        guard exports.count <= Export.limit else {
            throw section.fault(
                at: "exports", "holds \(exports.count) names: a machine has room for \(Export.limit)")
        }
        userDisk = try section.size("user_disk", in: .mebibytes(16)...ByteCount(1 << 50))
    }

    private static func isVariable(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count) && !(text.utf8.first.map { $0 < 0x41 } ?? true)
            && text.utf8.allSatisfy { (0x41...0x5A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x5F }
    }

    private static func isPattern(_ text: String) -> Bool {
        text.hasSuffix("/*") ? ImageName.isWord(text.dropLast(2)) : ImageName(text) != nil
    }
}

extension Section {
    /// The names of users, groups or accounting projects; an empty array would let nobody in or everybody,
    /// as one reads it, so it is refused.
    func people(_ key: String) throws(SiteFault) -> [String] {
        let rule = "a name of 1 to 128 characters without white space"
        let names = try strings(key, rule: rule) { Self.isVisible($0, limit: 128) }
        guard names != [] else { throw fault(at: key, "is empty: name somebody or drop the key") }
        return names ?? []
    }

    /// Whether a text is not empty, within the limit in bytes and without white space.
    static func isVisible(_ text: String, limit: Int) -> Bool {
        (1...limit).contains(text.utf8.count)
            && text.unicodeScalars.allSatisfy {
                !$0.properties.isWhitespace && $0.value > 0x20 && $0.value != 0x7F
            }
    }

    /// Whether a text is not empty, within the limit in bytes and without control characters.
    static func isLine(_ text: String, limit: Int) -> Bool {
        (1...limit).contains(text.utf8.count)
            && text.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F }
    }
}
