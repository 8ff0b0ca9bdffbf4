internal import Download

/// Which part of a body an answer 206 says that it carries (RFC 9110, section 14.4).
struct ContentRange: Equatable {
    let first: Int64
    let last: Int64
    /// Length of the whole body; nil when the server does not know.
    let total: Int64?

    /// Reads `bytes FIRST-LAST/TOTAL`, where TOTAL may be `*`.
    init?(_ text: some StringProtocol) {
        let words = text.split(separator: " ")
        guard words.count == 2, words[0].lowercased() == "bytes" else { return nil }
        let parts = words[1].split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2 else { return nil }
        let ends = parts[0].split(separator: "-", omittingEmptySubsequences: false)
        guard ends.count == 2, let first = Self.number(ends[0]), let last = Self.number(ends[1]),
            first <= last
        else { return nil }
        let total = Self.number(parts[1])
        guard total != nil || parts[1] == "*" else { return nil }
        if let total, last >= total { return nil }
        self.first = first
        self.last = last
        self.total = total
    }

    private static func number(_ digits: some StringProtocol) -> Int64? {
        digits.utf8.allSatisfy { (0x30...0x39).contains($0) } ? Int64(digits) : nil
    }

    /// What is wrong with an answer's range; nil when it is the rest of what was asked for.
    static func fault(_ range: ContentRange?, asked download: Download) -> String? {
        guard let range else { return "does not say which part it sends" }
        guard range.first == download.offset else {
            return "sends the bytes from \(range.first) on, not from \(download.offset) on"
        }
        guard let total = range.total else { return nil }
        guard range.last == total - 1 else { return "sends the bytes up to \(range.last) of \(total) only" }
        guard total <= download.limit else { return "has \(total) bytes, not \(download.limit)" }
        return nil
    }
}
