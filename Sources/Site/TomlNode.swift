/// A value of a TOML document and where it stands.
struct TomlNode {
    enum Value {
        case string(String)
        case integer(Int64)
        case boolean(Bool)
        case float
        case date
        case array([TomlNode])
        case table([TomlEntry])
    }

    let value: Value
    let place: TomlPlace

    /// What the value is, in the words of TOML.
    var kind: String {
        switch value {
        case .string: "a string"
        case .integer: "an integer"
        case .boolean: "a boolean"
        case .float: "a float"
        case .date: "a date or time"
        case .array: "an array"
        case .table: "a table"
        }
    }
}

/// An entry of a table; its node stands where the key does.
struct TomlEntry {
    let key: String
    let node: TomlNode
}

/// Line and column, from 1.
struct TomlPlace: Hashable {
    let line: Int
    let column: Int
}
