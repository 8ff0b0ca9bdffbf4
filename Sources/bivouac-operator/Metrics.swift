/// Numbers as OpenMetrics text, which node_exporter's textfile collector and Prometheus itself read.
struct Metrics {
    private(set) var text = ""

    /// A family with a value for each label; `label` is its name.
    mutating func gauge(_ name: String, _ help: String, _ label: String, _ values: [String: Int64]) {
        head(name, "gauge", help)
        for (key, value) in values.sorted(by: { $0.key < $1.key }) {
            text += "bivouac_\(name){\(label)=\"\(Self.escaped(key))\"} \(value)\n"
        }
    }

    /// A family of one value; nothing when that is not known.
    mutating func gauge(_ name: String, _ help: String, _ value: Int64?) {
        guard let value else { return }
        head(name, "gauge", help)
        text += "bivouac_\(name) \(value)\n"
    }

    /// A family that only grows, with a value for each label.
    mutating func counter(_ name: String, _ help: String, _ label: String, _ values: [String: Int64]) {
        head(name, "counter", help)
        for (key, value) in values.sorted(by: { $0.key < $1.key }) {
            text += "bivouac_\(name)_total{\(label)=\"\(Self.escaped(key))\"} \(value)\n"
        }
    }

    /// All of it, closed as OpenMetrics wants it.
    var document: String { text + "# EOF\n" }

    private mutating func head(_ name: String, _ kind: String, _ help: String) {
        text += "# HELP bivouac_\(name) \(help)\n# TYPE bivouac_\(name) \(kind)\n"
    }

    private static func escaped(_ value: String) -> String {
        value.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
    }
}
