/// What the kernel says of another process, see proc(5).
package struct ProcessFacts: Hashable, Sendable {
    package let id: Int32
    /// Effective user id.
    package let uid: UInt32
    /// Effective capabilities.
    package let capabilities: UInt64
    package let hasNoNewPrivileges: Bool
    /// Whether a filter decides which system calls it may make.
    package let isFiltered: Bool

    package init(id: Int32, uid: UInt32, capabilities: UInt64, hasNoNewPrivileges: Bool, isFiltered: Bool) {
        self.id = id
        self.uid = uid
        self.capabilities = capabilities
        self.hasNoNewPrivileges = hasNoNewPrivileges
        self.isFiltered = isFiltered
    }

    /// The first process whose program's path contains `program`, with an argument that begins like that.
    package static func find(program: String, argument beginning: String) -> ProcessFacts? {
        let wanted = Array(beginning.utf8)
        for id in ((try? Files.names(in: "/proc")) ?? []).compactMap({ Int32($0) }) {
            guard let words = proc(id, "cmdline")?.split(separator: 0),
                words.contains(where: { $0.starts(with: wanted) }),
                Files.target(ofLink: "/proc/\(id)/exe")?.contains(program) == true
            else { continue }
            return ProcessFacts(id)
        }
        return nil
    }

    /// Nil for a process that is gone.
    private init?(_ id: Int32) {
        guard let bytes = Self.proc(id, "status") else { return nil }
        var fields: [Substring: [Substring]] = [:]
        for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
            let words = line.split { $0 == "\t" || $0 == " " || $0 == ":" }
            if let name = words.first { fields[name] = Array(words.dropFirst()) }
        }
        guard let uids = fields["Uid"], uids.count == 4, let uid = UInt32(uids[1]),
            let capabilities = fields["CapEff"]?.first.flatMap({ UInt64($0, radix: 16) })
        else { return nil }
        self.init(
            id: id, uid: uid, capabilities: capabilities, hasNoNewPrivileges: fields["NoNewPrivs"] == ["1"],
            isFiltered: fields["Seccomp"] == ["2"])
    }

    /// Whether it has the file open, under this very path.
    package func hasOpen(_ path: String) -> Bool {
        let directory = "/proc/\(id)/fd"
        return ((try? Files.names(in: directory)) ?? []).contains {
            Files.target(ofLink: "\(directory)/\($0)") == path
        }
    }

    /// A file of the kernel's, which says no size.
    private static func proc(_ id: Int32, _ name: String) -> [UInt8]? {
        try? FileDescriptor.open("/proc/\(id)/\(name)", [.read]).readAll(limit: 1 << 20)
    }
}
