/// A `.namespaces` file in the form of the EUGridPMA: `TO Issuer X PERMIT Subject Y`, or `DENY`.
enum Namespaces {
    static func rules(_ text: String) throws(NamespaceFault) -> [NamespaceRule] {
        var rules: [NamespaceRule] = []
        var statement = ""
        for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
            .enumerated()
        {
            // A backslash at the end joins the next line to this one; a comment line joins nothing.
            let content = line.drop { $0.isWhitespace }.hasPrefix("#") ? "" : String(line)
            if content.hasSuffix("\\") {
                statement += content.dropLast() + " "
                continue
            }
            statement += content
            if let rule = try rule(statement, line: index + 1) { rules.append(rule) }
            statement = ""
        }
        guard PolicyWords.split(statement) == [] else {
            throw NamespaceFault(line: 0, reason: "the last statement is not complete")
        }
        return rules
    }

    private static func rule(_ statement: String, line: Int) throws(NamespaceFault) -> NamespaceRule? {
        guard let words = PolicyWords.split(statement) else {
            throw NamespaceFault(line: line, reason: "a quote is not closed")
        }
        guard !words.isEmpty else { return nil }
        let keywords = words.map { $0.lowercased() }
        guard words.count == 6, keywords[0] == "to", keywords[1] == "issuer", keywords[4] == "subject",
            keywords[3] == "permit" || keywords[3] == "deny"
        else {
            throw NamespaceFault(line: line, reason: "expected TO Issuer X PERMIT|DENY Subject Y")
        }
        let own = keywords[2] == "self"
        let issuer = own ? nil : DistinguishedName(words[2])
        guard own || issuer != nil else {
            throw NamespaceFault(line: line, reason: "the issuer is not a distinguished name")
        }
        let denies = keywords[3] == "deny"
        return NamespaceRule(
            issuer: issuer, effect: denies ? .deny : .permit,
            subject: NamespacePattern(regular: words[5], dotMatchesAny: denies))
    }
}
