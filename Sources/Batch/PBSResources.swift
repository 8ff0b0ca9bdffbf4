internal import Job

/// What a job of Torque or PBS asked for with `-l`, as its batch system spells it back; see
/// pbs_resources_linux(7).
struct PBSResources: Hashable, Sendable {
    private var values: [String: String] = [:]
    /// A name that stands there twice, so that nobody knows which one counts.
    private(set) var doubled: String?
    /// Whether what does not stand here was not asked for.
    private(set) var isWhole = true
    /// A list with this many bytes may lack what found no room.
    private static let shortList = 1900

    /// Resources whose values are the user's text.
    private static let texts: Set<String> = ["other", "software", "gres", "host", "prologue", "epilogue"]

    /// Of an answer of qstat, where each value stands for itself.
    init(_ values: [String: String]) { self.values = values }

    /// Of the list that a hook gets, `mem=2gb,nodes=1:ppn=4,walltime=01:00:00`.
    ///
    /// Torque leaves out a resource for which there is no room in 2048 bytes, and it does not say where a text that has
    /// commas of its own ends: what stands behind a text may be part of it and is not believed where it would
    /// give the job more of the node.
    init(list: String) {
        var isTrusted = true
        isWhole = list.utf8.count < Self.shortList
        for entry in list.split(separator: ",") {
            guard let equals = entry.firstIndex(of: "=") else { continue }
            let name = String(entry[..<equals])
            let isText = Self.texts.contains(name)
            guard isTrusted || isText || name == "walltime" else {
                isWhole = false
                continue
            }
            if values[name] != nil { doubled = name }
            values[name] = String(entry[entry.index(after: equals)...])
            if isText { isTrusted = false }
        }
    }

    subscript(_ name: String) -> String? { values[name] }

    /// How many nodes the job may have; nil when it asked for processors wherever they are.
    var nodes: Int? {
        if let spec = values["nodes"] ?? values["neednodes"] {
            return spec.split(separator: "+").map { Self.count($0) }.reduce(0, +)
        }
        return (Int(values["procs"] ?? "1") ?? 1) > 1 ? nil : 1
    }

    /// The processors of all nodes, at least one.
    var cpus: Int {
        if let spec = values["nodes"] ?? values["neednodes"] {
            let counts = spec.split(separator: "+").map { part in
                let each = part.split(separator: ":").first { $0.hasPrefix("ppn=") }
                return Self.count(part) * min(Int(each?.dropFirst(4) ?? "1") ?? 1, 1 << 16)
            }
            return max(1, counts.reduce(0, +))
        }
        return max(1, Int(values["procs"] ?? values["ncpus"] ?? "1") ?? 1)
    }

    /// A part of a node specification begins with a number of nodes or with one node's name.
    private static func count(_ part: Substring) -> Int {
        let word = part.prefix { $0 != ":" }
        return word.allSatisfy { $0.isASCII && $0.isNumber } ? min(Int(word) ?? 1, 1 << 16) : 1
    }

    /// The memory that was granted to the job on its one node: `mem`, or that of so many processes, or the virtual one.
    func memory(cpus: Int) -> ByteCount? {
        if let memory = values["mem"].flatMap({ Self.size($0) }) { return memory }
        if let each = values["pmem"].flatMap({ Self.size($0) }) { return Self.times(each, cpus) }
        if let memory = values["vmem"].flatMap({ Self.size($0) }) { return memory }
        return values["pvmem"].flatMap { Self.size($0) }.flatMap { Self.times($0, cpus) }
    }

    private static func times(_ each: ByteCount, _ count: Int) -> ByteCount? {
        let (bytes, overflow) = each.bytes.multipliedReportingOverflow(by: Int64(count))
        return overflow ? nil : ByteCount(bytes)
    }

    /// Seconds of the job's life; nil when it has no limit.
    var walltime: Int64? { values["walltime"].flatMap { Self.seconds($0) } }

    /// The words in which a job names its image: those of `other`, between which stands a colon or white space.
    var words: [String] {
        (values["other"] ?? "").split { $0 == ":" || $0.isWhitespace }.map(String.init)
    }

    /// An amount of memory: a number and b, kb, mb, gb, tb or pb, or as many words of eight bytes (kw, mw, ...); bytes
    /// without a unit.
    static func size(_ text: String) -> ByteCount? {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        guard let count = Int64(digits), count > 0 else { return nil }
        var unit = text.dropFirst(digits.count).lowercased()
        var shift: Int64 = 0
        if unit.last == "w" { shift = 3 }
        if unit.last == "w" || unit.last == "b" { unit.removeLast() }
        guard let power = ["", "k", "m", "g", "t", "p"].firstIndex(of: unit) else { return nil }
        let (bytes, overflow) = count.multipliedReportingOverflow(by: 1 << (shift + Int64(power) * 10))
        return overflow ? nil : ByteCount(bytes)
    }

    /// A length of time: seconds, or `[[dd:]hh:]mm:ss`, perhaps with a fraction, which does not count.
    static func seconds(_ text: String) -> Int64? {
        let fields = text.prefix { $0 != "." }.split(separator: ":", omittingEmptySubsequences: false)
        guard (1...4).contains(fields.count) else { return nil }
        var total: Int64 = 0
        for (field, factor) in zip(fields.reversed(), [1, 60, 3600, 86_400] as [Int64]) {
            guard field.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let value = Int64(field),
                value < 1 << 32
            else { return nil }
            total += value * factor
        }
        return total
    }
}
