/// A batch system's number or name of a job, safe as part of a file name: letters, digits and `[ ] . _`, at
/// most 64 of them, not beginning with a dot.
package struct JobID: Hashable, Sendable, CustomStringConvertible {
    package let description: String

    package init?(_ text: String) {
        guard (1...64).contains(text.utf8.count), text.utf8.first != UInt8(ascii: "."),
            text.utf8.allSatisfy({ Self.allowed($0) })
        else { return nil }
        description = text
    }

    /// The id that PBS and Torque give, without the server's name behind its first dot: `123[4].pbs.example.org` is
    /// `123[4]`.
    package init?(pbs text: String) { self.init(String(text.prefix { $0 != "." })) }

    private static func allowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "["), UInt8(ascii: "]"), UInt8(ascii: "."),
            UInt8(ascii: "_"):
            true
        default: false
        }
    }
}

/// What one job is called on one node: the site's cluster and the job id, `demo-4711`.
package struct JobKey: Hashable, Sendable, CustomStringConvertible {
    package let cluster: String
    package let job: JobID

    /// The cluster is 1 to 32 letters, digits, `_` or `-`, beginning with a letter or digit.
    package init?(cluster: String, job: JobID) {
        guard Self.isCluster(cluster) else { return nil }
        self.cluster = cluster
        self.job = job
    }

    /// Reads `CLUSTER-JOBID`; a job id has no hyphen, so the last one divides.
    package init?(_ text: String) {
        guard let hyphen = text.lastIndex(of: "-"),
            let job = JobID(String(text[text.index(after: hyphen)...]))
        else { return nil }
        self.init(cluster: String(text[..<hyphen]), job: job)
    }

    /// Whether a text can be the cluster of a key.
    package static func isCluster(_ text: String) -> Bool {
        func plain(_ byte: UInt8) -> Bool {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                true
            default: false
            }
        }
        guard (1...32).contains(text.utf8.count), let first = text.utf8.first, plain(first) else {
            return false
        }
        return text.utf8.allSatisfy { plain($0) || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: "-") }
    }

    package var description: String { "\(cluster)-\(job)" }
}

/// One start of a job: the key and which start of it this is; names the machine, `demo-4711.0`.
package struct MachineName: Hashable, Sendable, CustomStringConvertible {
    package static let domainPrefix = "bivouac-"

    package let key: JobKey
    package let attempt: Int

    package init(key: JobKey, attempt: Int) {
        self.key = key
        self.attempt = attempt
    }

    /// Reads `CLUSTER-JOBID.ATTEMPT`.
    package init?(_ text: String) {
        guard let dot = text.lastIndex(of: "."), let attempt = Int(text[text.index(after: dot)...]),
            attempt >= 0, let key = JobKey(String(text[..<dot]))
        else { return nil }
        self.init(key: key, attempt: attempt)
    }

    /// Reads a libvirt domain name; nil for a domain that is not ours.
    package init?(domain: String) {
        guard domain.hasPrefix(Self.domainPrefix) else { return nil }
        self.init(String(domain.dropFirst(Self.domainPrefix.count)))
    }

    package var description: String { "\(key).\(attempt)" }

    /// The name of the libvirt domain.
    package var domain: String { Self.domainPrefix + description }
}
