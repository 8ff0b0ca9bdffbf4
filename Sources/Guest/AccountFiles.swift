package import Job

/// The account files of a guest with the job's account in them: what the image has, with every line gone that
/// says something else of the same name or number.
package enum AccountFiles {
    /// passwd(5).
    package static func passwd(_ old: String, with account: Account, shell: String) -> String {
        let kept = lines(old) { fields in
            fields[0] != account.name && !(fields.count > 2 && fields[2] == "\(account.uid)")
        }
        return kept + "\(account.name):x:\(account.uid):\(account.gid)::\(account.home):\(shell)\n"
    }

    /// group(5).
    ///
    /// The primary group is among the account's groups or stays without a line of ours.
    package static func group(_ old: String, with account: Account) -> String {
        let names = Set(account.groups.map(\.name))
        let numbers = Set(account.groups.map { "\($0.gid)" })
        var text = lines(old) { fields in
            !names.contains(String(fields[0])) && !(fields.count > 2 && numbers.contains(String(fields[2])))
        }
        var seen: Set<UInt32> = []
        for group in account.groups where seen.insert(group.gid).inserted {
            text += "\(group.name):x:\(group.gid):\(group.gid == account.gid ? "" : account.name)\n"
        }
        return text
    }

    /// hosts(5), so that a machine finds its own name without a network.
    package static func hosts(_ old: String, with name: String) -> String {
        let words = old.split { $0 == "\n" || $0 == " " || $0 == "\t" }
        guard !words.contains(Substring(name)) else { return old }
        return ended(old.isEmpty ? "127.0.0.1\tlocalhost" : old) + "127.0.1.1\t\(name)\n"
    }

    private static func lines(_ old: String, where keep: ([Substring]) -> Bool) -> String {
        old.split(separator: "\n")
            .filter { keep($0.split(separator: ":", omittingEmptySubsequences: false)) }
            .map { $0 + "\n" }.joined()
    }

    private static func ended(_ text: String) -> String { text.hasSuffix("\n") ? text : text + "\n" }
}
