internal import JSON

/// What a line of the log must say to be wanted: one of several fields has a value.
package struct AuditCondition: Hashable, Sendable {
    private let fields: [String]
    private let value: String
    /// Whether the value may go on.
    private let isPrefix: Bool

    /// One of the fields is this text, or an integer that is written like it.
    package init(_ fields: [String], is value: String) {
        self.fields = fields
        self.value = value
        isPrefix = false
    }

    /// One of the fields begins with this text.
    package init(_ fields: [String], beginsWith value: String) {
        self.fields = fields
        self.value = value
        isPrefix = true
    }

    /// Bytes that every line has for which it holds.
    var mark: [UInt8] {
        guard Int64(value) == nil else { return Array(value.utf8) }
        let text = Array(":\(JSON.string(value))".utf8)
        return isPrefix ? text.dropLast() : text
    }

    /// Whether it holds for the fields of an event.
    func holds(_ event: JSON) -> Bool {
        fields.contains { name in
            switch event[name] {
            case .string(let text): isPrefix ? text.hasPrefix(value) : text == value
            case .integer(let number): !isPrefix && String(number) == value
            default: false
            }
        }
    }
}
