internal import Job
internal import Unix

/// A node as Slurm's controller has it: its features, those of ours and all others, and whether it takes jobs.
package struct SlurmNode: Hashable, Sendable {
    /// What our features begin with; all that do are ours to take away.
    package static let prefix = "bivouac_"

    /// What jobs can ask for, and what is there now.
    package var available: [String]
    package var active: [String]
    /// It takes no new jobs; those that run go on.
    package var isDrained = false

    package init(available: [String], active: [String]) {
        self.available = available
        self.active = active
    }

    /// Reads the one line of `scontrol --oneliner show node`; nil for anything else.
    package init?(line: String) {
        var fields: [Substring: [String]] = [:]
        for word in line.split(whereSeparator: \.isWhitespace) {
            // Behind it stand the words of an administrator.
            if word.hasPrefix("Reason=") { break }
            for key in ["AvailableFeatures", "ActiveFeatures"] as [Substring] where word.hasPrefix(key + "=")
            {
                let value = word.dropFirst(key.count + 1)
                fields[key] = value == "(null)" ? [] : value.split(separator: ",").map(String.init)
            }
            if word.hasPrefix("State=") {
                isDrained = word.split(separator: "+").contains { $0.hasPrefix("DRAIN") }
            }
        }
        guard let available = fields["AvailableFeatures"], let active = fields["ActiveFeatures"] else {
            return nil
        }
        self.available = available
        self.active = active
    }

    /// With these features of ours and no others of ours; what is not ours stays as it is.
    package func with(_ ours: [String]) -> SlurmNode {
        var node = self
        node.available = available.filter { !$0.hasPrefix(Self.prefix) } + ours.sorted()
        node.active = active.filter { !$0.hasPrefix(Self.prefix) } + ours.sorted()
        return node
    }
}

extension SlurmCommand {
    /// A node's features and state.
    package func node(_ name: String) throws(BatchError) -> SlurmNode {
        let answer = try run("scontrol", ["--oneliner", "show", "node", name])
        guard answer.succeeded else { throw failure("scontrol", answer) }
        guard let node = SlurmNode(line: String(decoding: answer.output, as: UTF8.self)) else {
            throw BatchError(.node, "scontrol does not tell the features of node \(name)")
        }
        return node
    }

    /// Gives a node all of these features and no others.
    package func update(_ name: String, to node: SlurmNode) throws(BatchError) {
        let answer = try run(
            "scontrol",
            [
                "update", "NodeName=" + name, "AvailableFeatures=" + node.available.joined(separator: ","),
                "ActiveFeatures=" + node.active.joined(separator: ","),
            ])
        guard answer.succeeded else { throw failure("scontrol", answer) }
    }
}
