/// What a payload says of its own end, in the form of HSF-TN-2016-04: a number whose hundreds are a class, and a
/// text.
package struct Farewell: Hashable, Sendable {
    private static let longest = 200

    /// Printable ASCII, one line; what the payload says is its own affair.
    package let text: String

    /// The first line of what was written; nil for nothing at all.
    package init?(_ bytes: [UInt8]) {
        let line = bytes.prefix { $0 != 0x0A }.prefix(Self.longest)
        guard !bytes.isEmpty else { return nil }
        text = String(decoding: line.map { (0x20..<0x7F).contains($0) ? $0 : 0x3F }, as: UTF8.self)
    }

    /// 0 for a payload that has done its work or was told to stop (classes 100 and 200) or gives no number; 1
    /// when it says that something was wrong.
    package var exitCode: UInt8 {
        guard let word = text.split(separator: " ").first, word.count == 3, let number = Int(word) else {
            return 0
        }
        return number < 300 ? 0 : 1
    }
}
