package import Job

/// What a machine is told of the job it was started for: `assignment.json` on its context volume.
package struct Assignment: Hashable, Sendable {
    /// The only version of the document so far.
    package static let version: Int64 = 1
    /// Longest document in bytes.
    package static let longest = 1 << 20
    /// Seconds.
    static let longestGrace: Int64 = 86_400
    package static let fileName = "assignment.json"

    package var key: JobKey
    /// UUID of the libvirt domain, lower case.
    package var machine: String
    package var hostname: String
    package var account: Account
    /// Key and value of each file in `/etc/machinefeatures`, see HSF-TN-2016-02.
    package var machineFeatures: [Feature]
    /// Key and value of each file in `/etc/jobfeatures`.
    package var jobFeatures: [Feature]
    /// Seconds that the job has at least from the moment the scheduler tells it to end.
    package var grace: Int
    package var listening: ListeningRule
    package var payload: PayloadSource
    /// Content of the site's files by their paths.
    package var files: [String: String]
    /// The site's variables for the payload; the job's own go before them.
    package var environment: [String: String]
    package var shares: [Share]
    /// Whether the user's disk is there.
    package var hasUserDisk: Bool

    package init(
        key: JobKey, machine: String, hostname: String, account: Account, machineFeatures: [Feature],
        jobFeatures: [Feature], grace: Int, listening: ListeningRule = .note, payload: PayloadSource = .job,
        files: [String: String] = [:], environment: [String: String] = [:], shares: [Share] = [],
        hasUserDisk: Bool = false
    ) {
        self.key = key
        self.machine = machine
        self.hostname = hostname
        self.account = account
        self.machineFeatures = machineFeatures
        self.jobFeatures = jobFeatures
        self.grace = grace
        self.listening = listening
        self.payload = payload
        self.files = files
        self.environment = environment
        self.shares = shares
        self.hasUserDisk = hasUserDisk
    }

    package var job: JobID { key.job }

    /// One key of Machine/Job Features and its value.
    package struct Feature: Hashable, Sendable {
        package let key: String
        package let value: String

        /// The key is 1 to 64 lower-case letters, digits and underscores, so that it is a file name; the value
        /// is at most 1024 bytes of printable ASCII.
        package init?(_ key: String, _ value: String) {
            guard (1...64).contains(key.utf8.count), value.utf8.count <= 1024,
                key.utf8.allSatisfy({ Self.isPlain($0) }),
                value.utf8.allSatisfy({ (0x20..<0x7F).contains($0) })
            else { return nil }
            self.key = key
            self.value = value
        }

        private static func isPlain(_ byte: UInt8) -> Bool {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "_"):
                true
            default: false
            }
        }
    }
}

/// Why a document is no assignment.
package struct AssignmentError: Error, Hashable, Sendable, CustomStringConvertible {
    package let what: String

    package var description: String { "assignment.json is not acceptable: \(what)" }
}
