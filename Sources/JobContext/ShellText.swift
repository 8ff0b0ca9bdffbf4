/// Text for a POSIX shell that reads it as root.
enum ShellText {
    /// The value as one word that no shell takes apart, expands or runs: between single quotes nothing but the
    /// single quote is special (POSIX.1, XCU 2.2.2), and a NUL cannot be in it.
    static func quoted(_ value: String) -> String {
        "'" + value.unicodeScalars.reduce(into: "") { $0 += $1 == "'" ? "'\\''" : String($1) } + "'"
    }

    /// `NAME='value'`, refused when the name is no variable or the value has a NUL or is longer than a shell
    /// and a log should have to carry.
    static func assignment(_ name: String, _ value: String) throws(ContextError) -> String {
        guard let first = name.utf8.first, !(0x30...0x39).contains(first),
            name.utf8.allSatisfy({ (0x41...0x5A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x5F })
        else { throw .invalidVariable(name, why: "the name is not upper-case letters, digits and '_'") }
        guard value.utf8.count <= valueLimit else {
            throw .invalidVariable(name, why: "the value has more than \(valueLimit) bytes")
        }
        guard !value.utf8.contains(0) else { throw .invalidVariable(name, why: "the value contains a NUL") }
        return "\(name)=\(quoted(value))\n"
    }

    /// Bytes of one value.
    static let valueLimit = 4096
}
