import Job

/// A table of a configuration file with its name and place, read key by key; every method's error names the
/// file, the place, the key and what would be right.
struct Section {
    let file: String
    /// The header of the table, `[queue.vm]`; empty for the document itself.
    let name: String
    let place: TomlPlace
    private let nodes: [String: TomlNode]

    /// Takes the entries of a table in which nothing but `keys` may stand; nil stands for free names.
    init(
        file: String, name: String = "", place: TomlPlace = TomlPlace(line: 1, column: 1),
        entries: [TomlEntry], keys: [String]?
    ) throws(SiteFault) {
        self.file = file
        self.name = name
        self.place = place
        nodes = Dictionary(entries.map { ($0.key, $0.node) }) { first, _ in first }
        guard let keys else { return }
        for entry in entries where !keys.contains(entry.key) {
            throw fault(
                entry.node.place,
                "unknown key '\(Self.shown(entry.key))'\(within): drop it or use one of "
                    + keys.joined(separator: ", ")
            )
        }
    }

    private var within: String { name.isEmpty ? "" : " in [\(name)]" }

    /// A foreign text as part of a message: one line of bounded length.
    static func shown(_ text: String) -> String {
        String(
            text.prefix(64).map {
                $0.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F } ? $0 : "?"
            })
    }

    func fault(_ place: TomlPlace, _ message: String) -> SiteFault {
        SiteFault(file: file, line: place.line, column: place.column, message: message)
    }

    /// A fault of a key's value.
    func fault(at key: String, _ message: String) -> SiteFault {
        fault(nodes[key]?.place ?? place, "'\(Self.shown(key))'\(within) \(message)")
    }

    /// The value of a key that must be there.
    func required<Value>(
        _ key: String, _ value: Value?, example: String
    ) throws(SiteFault) -> Value {
        guard let value else { throw fault(at: key, "is missing: add \(key) = \(example)") }
        return value
    }

    private func mismatch(_ key: String, _ node: TomlNode, wanted: String) -> SiteFault {
        fault(node.place, "'\(Self.shown(key))'\(within) is \(node.kind): it must be \(wanted)")
    }
}

extension Section {
    /// The value of a key, refused with `rule` unless `test` accepts it.
    func string(_ key: String, rule: String, where test: (String) -> Bool) throws(SiteFault) -> String? {
        guard let node = nodes[key] else { return nil }
        guard case .string(let text) = node.value else {
            throw mismatch(key, node, wanted: rule + ", in quotes")
        }
        guard test(text) else { throw fault(at: key, "is '\(Self.shown(text))': it must be \(rule)") }
        return text
    }

    func integer(_ key: String, in range: ClosedRange<Int64>) throws(SiteFault) -> Int64? {
        guard let node = nodes[key] else { return nil }
        let rule = "a whole number from \(range.lowerBound) to \(range.upperBound)"
        guard case .integer(let number) = node.value else { throw mismatch(key, node, wanted: rule) }
        guard range.contains(number) else { throw fault(at: key, "is \(number): it must be \(rule)") }
        return number
    }

    func boolean(_ key: String) throws(SiteFault) -> Bool? {
        guard let node = nodes[key] else { return nil }
        guard case .boolean(let flag) = node.value else { throw mismatch(key, node, wanted: "true or false") }
        return flag
    }

    /// A span of time in seconds, written `35d`, `8h`, `5m` or `20s`.
    func seconds(_ key: String, in range: ClosedRange<Int64>) throws(SiteFault) -> Int64? {
        let rule =
            "a time like \"5m\" (s, m, h or d) from \(TimeSpan.text(range.lowerBound)) to "
            + TimeSpan.text(range.upperBound)
        let text = try string(key, rule: rule) { TimeSpan.seconds($0).map(range.contains) ?? false }
        return text.flatMap { TimeSpan.seconds($0) }
    }

    /// An amount of bytes, written `200 GiB`.
    func size(_ key: String, in range: ClosedRange<ByteCount>) throws(SiteFault) -> ByteCount? {
        let rule =
            "a size like \"64 MiB\" (B, KiB, MiB, GiB or TiB) from \(range.lowerBound) to \(range.upperBound)"
        let text = try string(key, rule: rule) { ByteCount($0).map(range.contains) ?? false }
        return text.flatMap { ByteCount($0) }
    }

    /// One word of a closed set.
    func choice<Choice: CaseIterable & RawRepresentable>(
        _ key: String, _: Choice.Type
    ) throws(SiteFault) -> Choice? where Choice.RawValue == String {
        let rule = "one of " + Choice.allCases.map(\.rawValue).joined(separator: ", ")
        return try string(key, rule: rule) { Choice(rawValue: $0) != nil }.flatMap { Choice(rawValue: $0) }
    }
}

extension Section {
    /// An array of strings that `test` accepts, none of them twice.
    func strings(
        _ key: String, rule: String, where test: (String) -> Bool
    ) throws(SiteFault) -> [String]? {
        guard let elements = try elements(key, rule: rule) else { return nil }
        var texts: [String] = []
        for element in elements {
            guard case .string(let text) = element.value, test(text) else {
                throw fault(
                    element.place, "'\(key)'\(within) holds \(Self.shown(element)): each must be \(rule)")
            }
            guard !texts.contains(text) else {
                throw fault(element.place, "'\(key)'\(within) holds '\(Self.shown(text))' twice: drop one")
            }
            texts.append(text)
        }
        return texts
    }

    /// A set of whole numbers from `range`.
    func integers(_ key: String, in range: ClosedRange<Int>) throws(SiteFault) -> Set<Int>? {
        let rule = "a whole number from \(range.lowerBound) to \(range.upperBound)"
        guard let elements = try elements(key, rule: rule) else { return nil }
        var numbers: Set<Int> = []
        for element in elements {
            guard case .integer(let number) = element.value, let number = Int(exactly: number),
                range.contains(number)
            else {
                throw fault(
                    element.place, "'\(key)'\(within) holds \(Self.shown(element)): each must be \(rule)")
            }
            guard numbers.insert(number).inserted else {
                throw fault(element.place, "'\(key)'\(within) holds \(number) twice: drop one")
            }
        }
        return numbers
    }

    private func elements(_ key: String, rule: String) throws(SiteFault) -> [TomlNode]? {
        guard let node = nodes[key] else { return nil }
        guard case .array(let elements) = node.value else {
            throw mismatch(key, node, wanted: "an array, [...], and each element \(rule)")
        }
        return elements
    }

    /// Where the elements of an array stand.
    func places(in key: String) -> [TomlPlace] {
        guard case .array(let elements) = nodes[key]?.value else { return [] }
        return elements.map(\.place)
    }

    private static func shown(_ node: TomlNode) -> String {
        switch node.value {
        case .string(let text): "'\(shown(text))'"
        case .integer(let number): "\(number)"
        default: node.kind
        }
    }

    /// The table under a key; `keys` are those that may stand in it.
    func section(_ key: String, keys: [String]?) throws(SiteFault) -> Section? {
        guard let node = nodes[key] else { return nil }
        let header = name.isEmpty ? key : "\(name).\(key)"
        guard case .table(let entries) = node.value else {
            throw mismatch(key, node, wanted: "a table, [\(header)]")
        }
        return try Section(file: file, name: header, place: node.place, entries: entries, keys: keys)
    }

    /// The keys of a table with free names, in alphabetical order.
    var names: [String] { nodes.keys.sorted() }
}
