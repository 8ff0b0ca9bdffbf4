/// The version of a list or image, ordered as the reference tools order versions.
///
/// The text is divided at `-`, `,`, `.` and `/`, which stay; numbers of any length are compared by value and
/// outrank text; of two versions that agree as far as the shorter goes the longer is higher.
package struct ListVersion: Sendable, CustomStringConvertible {
    package let description: String

    package init(_ text: String) { description = text }

    private enum Token: Comparable, Hashable {
        case text([UInt8])
        /// Digits without leading zeros; first by how many there are.
        case number(count: Int, [UInt8])

        static func < (left: Token, right: Token) -> Bool {
            switch (left, right) {
            case (.text(let left), .text(let right)): left.lexicographicallyPrecedes(right)
            case (.number(let count, let left), .number(let other, let right)):
                count == other ? left.lexicographicallyPrecedes(right) : count < other
            case (.text, .number): true
            case (.number, .text): false
            }
        }
    }

    private var tokens: [Token] {
        var tokens: [Token] = []
        var word: [UInt8] = []
        func token(_ word: [UInt8]) -> Token {
            guard word.allSatisfy({ (0x30...0x39).contains($0) }) else { return .text(word) }
            let digits = Array(word.drop { $0 == 0x30 })
            return .number(count: digits.count, digits)
        }
        for byte in description.utf8 {
            if [UInt8(ascii: "-"), UInt8(ascii: ","), UInt8(ascii: "."), UInt8(ascii: "/")].contains(byte) {
                if !word.isEmpty { tokens.append(token(word)) }
                tokens.append(.text([byte]))
                word = []
            } else {
                word.append(byte)
            }
        }
        if !word.isEmpty { tokens.append(token(word)) }
        return tokens
    }

    /// Whether the first number that differs from the other's has at least four digits more: a version that
    /// no ordinary one will ever reach again.
    package func leaps(over other: ListVersion) -> Bool {
        for case (.number(let count, let digits), .number(let otherCount, let others)) in zip(
            tokens, other.tokens)
        where digits != others { return count >= max(1, otherCount) + 4 }
        return false
    }
}

extension ListVersion: Comparable, Hashable {
    /// By the tokens, as the type says.
    package static func < (left: ListVersion, right: ListVersion) -> Bool {
        left.tokens.lexicographicallyPrecedes(right.tokens)
    }

    /// Whether neither is higher.
    package static func == (left: ListVersion, right: ListVersion) -> Bool { left.tokens == right.tokens }

    /// Versions that are equal may be spelt differently.
    package func hash(into hasher: inout Hasher) { hasher.combine(tokens) }
}

extension ListVersion: Codable {
    package init(from decoder: any Decoder) throws {
        self.init(try decoder.singleValueContainer().decode(String.self))
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
