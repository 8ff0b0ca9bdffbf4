/// A `.signing_policy` file in the extended access control list form of Globus: for each `access_id_CA` the
/// `pos_rights` and `neg_rights` with the `cond_subjects` they are about.
enum SigningPolicy {
    static func rules(_ text: String) throws(NamespaceFault) -> [NamespaceRule] {
        var rules: [NamespaceRule] = []
        var issuer: DistinguishedName?
        var effect: NamespaceRule.Effect?
        for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
            .enumerated()
        {
            func fault(_ reason: String) -> NamespaceFault { NamespaceFault(line: index + 1, reason: reason) }
            guard let words = PolicyWords.split(String(line)) else { throw fault("a quote is not closed") }
            guard let keyword = words.first else { continue }
            guard words.count == 3 else { throw fault("three words are expected") }
            switch keyword.lowercased() {
            case "access_id_ca":
                // A name that cannot be read belongs to no authority.
                issuer = words[1].lowercased() == "x509" ? DistinguishedName(words[2]) : nil
                effect = nil
            case "access_id_anybody":
                issuer = nil
                effect = nil
            case "pos_rights": effect = words[2].lowercased() == "ca:sign" ? .permit : nil
            case "neg_rights": effect = words[2].lowercased() == "ca:sign" ? .deny : nil
            case "cond_subjects":
                guard let issuer, let effect else { continue }
                for pattern in try patterns(words[2], else: fault("a quote is not closed")) {
                    rules.append(
                        NamespaceRule(
                            issuer: issuer, effect: effect, subject: NamespacePattern(globus: pattern)))
                }
            default: throw fault("unknown word '\(keyword.prefix(40))'")
            }
        }
        return rules
    }

    /// The patterns of a condition: several in double quotes, or one without.
    private static func patterns(
        _ text: String, else fault: NamespaceFault
    ) throws(NamespaceFault) -> [String] {
        guard text.contains("\"") else { return [text] }
        guard let words = PolicyWords.split(text) else { throw fault }
        return words
    }
}
