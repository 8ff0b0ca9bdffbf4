import Command
import Difference
import Job

/// A difference for people: what matters first, what every start does last.
struct DifferenceText {
    let difference: Difference

    init(_ difference: Difference) { self.difference = difference }

    var text: String {
        var text = ""
        for finding in difference.findings { text += "!! \(finding)\n" }
        for part in difference.parts { text += self.text(of: part) }
        if difference.parts.isEmpty && difference.findings.isEmpty { text += "nothing was changed\n" }
        return text
    }

    private func text(of part: Difference.Part) -> String {
        let changes = part.changes
        let called = changes.filter { !$0.concerns.isEmpty }
        let others = changes.filter { $0.concerns.isEmpty && !$0.isNoise }
        let noise = changes.filter(\.isNoise)
        var text = "\(part.name), \(part.kind): \(ByteCount(Int64(clamping: part.changedBytes))) changed\n"
        for (title, list) in [
            ("To be looked at first", called), ("Changed by the job or the guest", others),
            ("Changed by every start of an image", noise),
        ] where !list.isEmpty {
            text += "\n\(title):\n" + list.map { "  " + Self.line($0) + "\n" }.joined()
        }
        if part.unlinked > 0 {
            text += "\n\(part.unlinked) files without a name were open when the machine ended\n"
        }
        if !part.unread.isEmpty {
            text += "\nNot read:\n" + part.unread.map { "  \($0)\n" }.joined()
        }
        if part.isCut { text += "\nThere is more: the list is cut here\n" }
        return text + "\n"
    }

    /// One change on one line.
    static func line(_ change: Change) -> String {
        let mark =
            switch change.kind {
            case .added: "+"
            case .deleted: "-"
            case .changed: "~"
            }
        let concerns =
            change.concerns.isEmpty ? "" : " [\(change.concerns.map(\.rawValue).joined(separator: " "))]"
        return "\(mark) \(change.path)\(concerns) \(details(change))"
    }

    /// What is to be said of a change besides its name.
    static func details(_ change: Change) -> String {
        guard let before = change.before, let after = change.after else {
            return (change.after ?? change.before).map(Self.facts) ?? ""
        }
        return change.aspects.map { aspect in
            switch aspect {
            case .type: "\(before.type) became \(after.type)"
            case .content:
                "content" + (before.size == after.size ? "" : " \(before.size) -> \(after.size) bytes")
            case .mode: "mode \(before.octal) -> \(after.octal)"
            case .owner: "owner \(before.uid):\(before.gid) -> \(after.uid):\(after.gid)"
            case .attributes:
                "attributes \(before.attributes.joined(separator: " ")) -> "
                    + after.attributes.joined(separator: " ")
            case .flags: "flags"
            case .target: "target \(before.target ?? "?") -> \(after.target ?? "?")"
            case .device: "device \(before.device ?? "?") -> \(after.device ?? "?")"
            case .time: "time"
            }
        }.joined(separator: ", ")
    }

    private static func facts(_ facts: Change.Facts) -> String {
        var text = "\(facts.type) \(facts.octal) \(facts.uid):\(facts.gid) \(facts.size) bytes"
        if let target = facts.target { text += " -> \(target)" }
        if let device = facts.device { text += " \(device)" }
        if !facts.attributes.isEmpty { text += " " + facts.attributes.joined(separator: " ") }
        return text
    }
}
