/// Why a text is not an acceptable JSON document, and where.
package struct JSONError: Error, Equatable, CustomStringConvertible {
    /// What is wrong with a document.
    package enum Reason: Equatable, Sendable {
        case tooLarge(limit: Int)
        case tooDeep(limit: Int)
        case tooManyValues(limit: Int)
        case tooManyMembers(limit: Int)
        case duplicateName(String)
        case invalidUTF8
        case trailingText
        case syntax(String)
    }

    package let reason: Reason
    /// Line and column (in bytes) of the place, from 1.
    package let line: Int
    package let column: Int

    init(_ reason: Reason, in bytes: [UInt8], at offset: Int) {
        self.reason = reason
        let before = bytes[..<min(offset, bytes.count)]
        line = before.count { $0 == 0x0A } + 1
        column = before.count - (before.lastIndex(of: 0x0A).map { $0 + 1 } ?? 0) + 1
    }

    package var description: String {
        let what =
            switch reason {
            case .tooLarge(let limit): "longer than \(limit) bytes"
            case .tooDeep(let limit): "nested deeper than \(limit) levels"
            case .tooManyValues(let limit): "more than \(limit) values"
            case .tooManyMembers(let limit): "more than \(limit) members of one object"
            case .duplicateName(let name): "the name '\(name.prefix(64))' stands twice in one object"
            case .invalidUTF8: "not valid UTF-8"
            case .trailingText: "text behind the value"
            case .syntax(let what): what
            }
        return "line \(line), column \(column): \(what)"
    }
}
