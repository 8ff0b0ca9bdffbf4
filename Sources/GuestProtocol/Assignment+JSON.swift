internal import JSON
internal import Job

extension Assignment {
    /// Reads `assignment.json` strictly: every member known, present and within bounds.
    package init(parsing bytes: [UInt8]) throws(AssignmentError) {
        let document: JSON
        do throws(JSONError) {
            document = try JSON(
                parsing: bytes, limits: JSON.Limits(bytes: Self.longest, depth: 8, values: 20_000))
        } catch { throw AssignmentError(what: error.description) }
        let root = try Members(
            document, "the document",
            [
                "version", "key", "machine", "hostname", "account", "machinefeatures", "jobfeatures", "grace",
                "listening", "payload", "files", "environment", "shares", "userDisk",
            ])
        guard try root.integer("version") == Self.version else { throw .init(what: "unknown version") }
        guard let key = JobKey(try root.text("key", limit: 128)) else { throw .init(what: "bad 'key'") }
        let machine = try root.text("machine", limit: 36)
        guard machine.utf8.count == 36, machine.utf8.allSatisfy({ Self.isUUID($0) }) else {
            throw .init(what: "bad 'machine'")
        }
        let hostname = try root.text("hostname", limit: 64)
        guard Self.isHostname(hostname) else { throw .init(what: "bad 'hostname'") }
        let grace = try root.integer("grace")
        guard (0...Self.longestGrace).contains(grace) else { throw .init(what: "bad 'grace'") }
        guard let listening = ListeningRule(rawValue: try root.text("listening", limit: 16)),
            let payload = PayloadSource(rawValue: try root.text("payload", limit: 16))
        else { throw .init(what: "bad 'listening' or 'payload'") }
        self.init(
            key: key, machine: machine, hostname: hostname, account: try Account(root.value("account")),
            machineFeatures: try Self.features(root, "machinefeatures"),
            jobFeatures: try Self.features(root, "jobfeatures"), grace: Int(grace), listening: listening,
            payload: payload, files: try Self.texts(root, "files"),
            environment: try Self.texts(root, "environment"), shares: try Self.shares(root),
            hasUserDisk: try root.flag("userDisk"))
    }

    /// The document as `init(parsing:)` reads it, and a line feed.
    package var document: [UInt8] {
        let text = JSON.object([
            .init("version", .integer(Self.version)),
            .init("key", .string(key.description)),
            .init("machine", .string(machine)),
            .init("hostname", .string(hostname)),
            .init("account", account.document),
            .init("machinefeatures", Self.document(machineFeatures)),
            .init("jobfeatures", Self.document(jobFeatures)),
            .init("grace", .integer(Int64(grace))),
            .init("listening", .string(listening.rawValue)),
            .init("payload", .string(payload.rawValue)),
            .init("files", Self.document(files)),
            .init("environment", Self.document(environment)),
            .init("shares", .array(shares.map(\.document))),
            .init("userDisk", .bool(hasUserDisk)),
        ])
        return Array(text.description.utf8) + [0x0A]
    }

    private static func features(_ root: Members, _ name: String) throws(AssignmentError) -> [Feature] {
        guard let members = try root.value(name).members, members.count <= 64 else {
            throw .init(what: "bad '\(name)'")
        }
        var features: [Feature] = []
        for member in members {
            guard let text = member.value.text, let feature = Feature(member.name, text) else {
                throw .init(what: "bad '\(name)'")
            }
            features.append(feature)
        }
        return features
    }

    private static func texts(_ root: Members, _ name: String) throws(AssignmentError) -> [String: String] {
        guard let members = try root.value(name).members, members.count <= 1024 else {
            throw .init(what: "bad '\(name)'")
        }
        var texts: [String: String] = [:]
        for member in members {
            guard let text = member.value.text, !member.name.utf8.contains(0), !text.utf8.contains(0) else {
                throw .init(what: "bad '\(name)'")
            }
            texts[member.name] = text
        }
        return texts
    }

    private static func shares(_ root: Members) throws(AssignmentError) -> [Share] {
        guard let elements = try root.value("shares").elements, elements.count <= Share.limit else {
            throw .init(what: "bad 'shares'")
        }
        return try elements.map { (element) throws(AssignmentError) in try Share(element) }
    }

    private static func document(_ texts: [String: String]) -> JSON {
        .object(texts.sorted { $0.key < $1.key }.map { JSON.Member($0.key, .string($0.value)) })
    }

    private static func document(_ features: [Feature]) -> JSON {
        .object(features.map { JSON.Member($0.key, .string($0.value)) })
    }

    private static func isUUID(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"), UInt8(ascii: "-"):
            true
        default: false
        }
    }

    /// Letters, digits, dots and hyphens, see hostname(7).
    package static func isHostname(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count) && text.utf8.first != UInt8(ascii: "-")
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."):
                    true
                default: false
                }
            }
    }
}

extension Account {
    fileprivate init(_ document: JSON) throws(AssignmentError) {
        let members = try Members(document, "'account'", ["name", "uid", "gid", "groups", "home", "shell"])
        guard let elements = try members.value("groups").elements, elements.count <= 4096 else {
            throw .init(what: "bad 'groups'")
        }
        var groups: [Group] = []
        for element in elements {
            let group = try Members(element, "a group", ["name", "gid"])
            groups.append(Group(name: try group.field("name", limit: 256), gid: try group.id("gid")))
        }
        self.init(
            name: try members.field("name", limit: 256), uid: try members.id("uid"),
            gid: try members.id("gid"), groups: groups, home: try members.path("home"),
            shell: try members.path("shell"))
        // A guest's root account is not to be had.
        guard uid != 0, name != "root" else { throw .init(what: "the account is root's") }
    }

    fileprivate var document: JSON {
        .object([
            .init("name", .string(name)),
            .init("uid", .integer(Int64(uid))),
            .init("gid", .integer(Int64(gid))),
            .init(
                "groups",
                .array(
                    groups.map {
                        .object([.init("name", .string($0.name)), .init("gid", .integer(Int64($0.gid)))])
                    })),
            .init("home", .string(home)),
            .init("shell", .string(shell)),
        ])
    }
}

extension Assignment.Share {
    fileprivate init(_ document: JSON) throws(AssignmentError) {
        let members = try Members(document, "a share", ["tag", "paths", "readOnly"])
        let paths = try members.value("paths").elements?.compactMap(\.text) ?? []
        let tag = try members.text("tag", limit: 36)
        guard Self.isTag(tag), (1...Self.limit).contains(paths.count),
            paths.allSatisfy({ GuestPlace.allows(text: $0) })
        else { throw .init(what: "bad 'shares'") }
        self.init(tag: tag, paths: paths, readOnly: try members.flag("readOnly"))
    }

    fileprivate var document: JSON {
        .object([
            .init("tag", .string(tag)), .init("paths", .array(paths.map { .string($0) })),
            .init("readOnly", .bool(readOnly)),
        ])
    }
}

/// The members of an object that has exactly these.
private struct Members {
    private let object: JSON

    init(_ value: JSON, _ what: String, _ names: [String]) throws(AssignmentError) {
        guard let members = value.members else { throw .init(what: "\(what) is no object") }
        for member in members where !names.contains(member.name) {
            throw .init(what: "\(what) has an unknown member")
        }
        for name in names where value[name] == nil { throw .init(what: "\(what) lacks '\(name)'") }
        object = value
    }

    func value(_ name: String) throws(AssignmentError) -> JSON {
        guard let value = object[name] else { throw .init(what: "'\(name)' is missing") }
        return value
    }

    func integer(_ name: String) throws(AssignmentError) -> Int64 {
        guard let value = object[name]?.integer else { throw .init(what: "'\(name)' is no integer") }
        return value
    }

    func flag(_ name: String) throws(AssignmentError) -> Bool {
        guard let value = object[name]?.bool else { throw .init(what: "'\(name)' is no flag") }
        return value
    }

    func text(_ name: String, limit: Int) throws(AssignmentError) -> String {
        guard let value = object[name]?.text, (1...limit).contains(value.utf8.count) else {
            throw .init(what: "bad '\(name)'")
        }
        return value
    }

    /// A user or group id; the greatest number means "none" to the kernel.
    func id(_ name: String) throws(AssignmentError) -> UInt32 {
        guard let id = UInt32(exactly: try integer(name)), id != .max else {
            throw .init(what: "bad '\(name)'")
        }
        return id
    }

    /// What can stand between the colons of passwd(5).
    func field(_ name: String, limit: Int) throws(AssignmentError) -> String {
        let value = try text(name, limit: limit)
        guard
            value.unicodeScalars.allSatisfy({ $0.value > 0x20 && $0.value != 0x7F && $0 != ":" && $0 != "," })
        else { throw .init(what: "bad '\(name)'") }
        return value
    }

    func path(_ name: String) throws(AssignmentError) -> String {
        let value = try text(name, limit: 1024)
        guard value.hasPrefix("/"),
            value.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7F && $0 != ":" })
        else { throw .init(what: "bad '\(name)'") }
        return value
    }
}
