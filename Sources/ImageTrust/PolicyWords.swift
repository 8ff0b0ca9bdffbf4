/// The words of a line of a policy file.
enum PolicyWords {
    /// Words are divided by white space; single or double quotes hold one together; `#` where a word could
    /// begin starts a comment.
    ///
    /// Nil when a quote is not closed.
    static func split(_ line: String) -> [String]? {
        var words: [String] = []
        var rest = line[...]
        while true {
            rest = rest.drop { $0.isWhitespace }
            guard let first = rest.first, first != "#" else { return words }
            if first == "'" || first == "\"" {
                let body = rest.dropFirst()
                guard let end = body.firstIndex(of: first) else { return nil }
                words.append(String(body[..<end]))
                rest = body[body.index(after: end)...]
            } else {
                let word = rest.prefix { !$0.isWhitespace }
                words.append(String(word))
                rest = rest[word.endIndex...]
            }
        }
    }
}
