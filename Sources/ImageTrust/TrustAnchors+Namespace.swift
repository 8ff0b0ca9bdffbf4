internal import Job

extension TrustAnchors {
    /// Refuses a certificate whose subject its authority may not sign.
    ///
    /// Every kind of policy file that speaks of the authority must permit the subject, and none may deny it;
    /// an authority of which no file speaks may sign nothing but itself.
    func checkNamespace(of subject: DistinguishedName, under authority: Authority) throws(Refusal) {
        guard let name = authority.certificate.subject else {
            throw Refusal(.NamespaceViolation, "the name of an authority of '\(subject)' has no text form")
        }
        var speaks = false
        for kind in policies(of: authority) {
            var permitted = false
            var asked = false
            for policy in kind {
                let rules: [NamespaceRule]
                switch policy.rules {
                case .success(let all): rules = all.filter { $0.isAbout(name) }
                case .failure(let fault):
                    throw Refusal(
                        .NamespaceViolation,
                        "\(policy.path):\(fault.line): \(fault.reason), so '\(name)' may sign nothing")
                }
                if !rules.isEmpty { asked = true }
                if rules.contains(where: { $0.effect == .deny && $0.covers(subject) }) {
                    throw Refusal(.NamespaceViolation, "\(policy.path) denies '\(subject)' to '\(name)'")
                }
                if rules.contains(where: { $0.effect == .permit && $0.covers(subject) }) { permitted = true }
            }
            if asked {
                speaks = true
                guard permitted else {
                    let files = kind.map(\.path).joined(separator: ", ")
                    throw Refusal(
                        .NamespaceViolation, "'\(subject)' is outside of what \(files) lets '\(name)' sign")
                }
            }
        }
        guard speaks else {
            throw Refusal(
                .NamespaceViolation,
                "no .signing_policy or .namespaces file in \(directory) speaks of '\(name)'")
        }
    }

    /// Whether an authority of this name is one that an authority of the directory may sign.
    func couldIssue(to name: DistinguishedName) -> Bool {
        let authorities = Set(everyone().compactMap(\.certificate.subject)).subtracting([name])
        return allRules().contains { rule in
            rule.effect == .permit && rule.covers(name)
                && rule.issuer.map { authorities.contains($0) } ?? !authorities.isEmpty
        }
    }
}
