package import Unix

/// What the launcher asks an agent to run: all of it as the launcher found it, byte for byte.
package struct LaunchOrder: Hashable, Sendable {
    /// Longest single argument or variable: what Linux takes (`MAX_ARG_STRLEN`).
    static let longestString = 128 << 10
    private static let version: UInt16 = 2

    /// `argv`; the first is the path of the script, or the command that `PATH` is searched for, unless the next two
    /// say otherwise.
    package var arguments: [[UInt8]]
    /// The path of the program, where `argv` begins with another name: a login shell's is `-bash`.
    package var program: BytePath?
    /// Where the script goes that follows; nil for the place that `argv` begins with.
    package var scriptPath: BytePath?
    /// `NAME=value` each.
    package var environment: [[UInt8]]
    /// The working directory.
    package var directory: BytePath
    package var umask: UInt16
    package var limits: [ResourceLimit]
    /// Permissions of the script that follows; nil when there is none and the guest has the program.
    package var scriptMode: UInt16?
    package var credentials: [Credential]
    /// What of the user's files follows; nil when none do.
    package var stage: StageOrder?

    package init(
        arguments: [[UInt8]], environment: [[UInt8]], directory: BytePath, umask: UInt16,
        limits: [ResourceLimit], scriptMode: UInt16?, credentials: [Credential] = [],
        stage: StageOrder? = nil, program: BytePath? = nil, scriptPath: BytePath? = nil
    ) {
        self.arguments = arguments
        self.environment = environment
        self.directory = directory
        self.umask = umask
        self.limits = limits
        self.scriptMode = scriptMode
        self.credentials = credentials
        self.stage = stage
        self.program = program
        self.scriptPath = scriptPath
    }

    /// The value of a variable; the first of that name counts.
    package func variable(_ name: String) -> [UInt8]? {
        let start = Array((name + "=").utf8)
        return environment.first { $0.starts(with: start) }.map { Array($0.dropFirst(start.count)) }
    }

    /// Puts the variable in place of all of that name.
    package mutating func setVariable(_ name: String, _ value: String) {
        let start = Array((name + "=").utf8)
        environment.removeAll { $0.starts(with: start) }
        environment.append(start + Array(value.utf8))
    }
}

extension LaunchOrder {
    /// Reads an order from the bytes of `part` frames.
    package init(parsing bytes: [UInt8]) throws(ProtocolError) {
        self = try ProtocolError.reading(.part) { () throws(FieldReader.Malformed) in
            var reader = FieldReader(bytes)
            let version = try reader.number(UInt16.self)
            guard version == Self.version else { throw .init(what: "version \(version)") }
            let arguments = try Self.strings(&reader)
            guard let program = arguments.first, !program.isEmpty else { throw .init(what: "no program") }
            let environment = try Self.strings(&reader)
            guard let directory = BytePath(try reader.string(limit: 4096)), directory.isAbsolute else {
                throw .init(what: "a working directory that is no absolute path")
            }
            let umask = try reader.number(UInt16.self)
            guard umask <= 0o777 else { throw .init(what: "a file mode mask of \(umask)") }
            let limits = try Self.limits(&reader)
            let mode = try reader.number(UInt16.self)
            guard mode == .max || mode <= 0o777 else { throw .init(what: "a file mode of \(mode)") }
            let credentials = try Credential.list(&reader)
            let path = try Self.path(&reader)
            let scriptPath = try Self.path(&reader)
            if mode != .max, (scriptPath?.bytes ?? program).first != UInt8(ascii: "/") {
                throw .init(what: "a script that has no absolute path")
            }
            let stage = try StageOrder.read(&reader)
            try reader.finish()
            return LaunchOrder(
                arguments: arguments, environment: environment, directory: directory, umask: umask,
                limits: limits, scriptMode: mode == .max ? nil : mode,
                credentials: credentials, stage: stage, program: path, scriptPath: scriptPath)
        }
    }

    /// The order as `init(parsing:)` reads it.
    package var bytes: [UInt8] {
        var writer = FieldWriter()
        writer.number(Self.version)
        for strings in [arguments, environment] {
            writer.number(UInt32(strings.count))
            for string in strings { writer.string(string) }
        }
        writer.string(directory.bytes)
        writer.number(umask)
        writer.number(UInt32(limits.count))
        for limit in limits {
            writer.number(limit.resource)
            writer.number(limit.soft)
            writer.number(limit.hard)
        }
        writer.number(scriptMode ?? .max)
        Credential.write(credentials, to: &writer)
        writer.string(program?.bytes ?? [])
        writer.string(scriptPath?.bytes ?? [])
        StageOrder.write(stage, to: &writer)
        return writer.bytes
    }

    /// An absolute path, or nothing.
    private static func path(_ reader: inout FieldReader) throws(FieldReader.Malformed) -> BytePath? {
        let bytes = try reader.string(limit: 4096)
        if bytes.isEmpty { return nil }
        guard let path = BytePath(bytes), path.isAbsolute else {
            throw .init(what: "a program or script that has no absolute path")
        }
        return path
    }

    private static func strings(_ reader: inout FieldReader) throws(FieldReader.Malformed) -> [[UInt8]] {
        let count = try reader.count(ofSize: 4)
        var strings: [[UInt8]] = []
        strings.reserveCapacity(count)
        for _ in 0..<count {
            let string = try reader.string(limit: longestString)
            guard !string.contains(0) else { throw .init(what: "a zero byte in a string") }
            strings.append(string)
        }
        return strings
    }

    private static func limits(_ reader: inout FieldReader) throws(FieldReader.Malformed) -> [ResourceLimit] {
        let count = try reader.count(ofSize: 17)
        guard count <= ResourceLimit.resources.count else { throw .init(what: "\(count) limits") }
        var limits: [ResourceLimit] = []
        for _ in 0..<count {
            let limit = ResourceLimit(
                resource: try reader.number(UInt8.self), soft: try reader.number(UInt64.self),
                hard: try reader.number(UInt64.self))
            guard ResourceLimit.resources.contains(limit.resource), limit.soft <= limit.hard else {
                throw .init(what: "an impossible limit")
            }
            limits.append(limit)
        }
        return limits
    }
}
