internal import Job
internal import Unix

extension NodeFeatures {
    /// Reads the one line of `scontrol --oneliner show node`; nil for anything else.
    init?(slurm line: String) {
        var fields: [Substring: [String]] = [:]
        var drained = false
        for word in line.split(whereSeparator: \.isWhitespace) {
            // Behind it stand the words of an administrator.
            if word.hasPrefix("Reason=") { break }
            for key in ["AvailableFeatures", "ActiveFeatures"] as [Substring] where word.hasPrefix(key + "=")
            {
                let value = word.dropFirst(key.count + 1)
                fields[key] = value == "(null)" ? [] : value.split(separator: ",").map(String.init)
            }
            if word.hasPrefix("State=") {
                drained = word.split(separator: "+").contains { $0.hasPrefix("DRAIN") }
            }
        }
        guard let available = fields["AvailableFeatures"], let active = fields["ActiveFeatures"] else {
            return nil
        }
        self.init(available: available, active: active)
        isDrained = drained
    }
}

extension SlurmCommand {
    /// A node's features and state.
    package func node(_ name: String) throws(BatchError) -> NodeFeatures {
        let answer = try program.run("scontrol", ["--oneliner", "show", "node", name])
        guard answer.succeeded else { throw program.failure("scontrol", answer) }
        guard let node = NodeFeatures(slurm: String(decoding: answer.output, as: UTF8.self)) else {
            throw BatchError(.node, "scontrol does not tell the features of node \(name)")
        }
        return node
    }

    /// Gives a node these features of ours and no others of ours; false when it has them already.
    package func publish(_ features: [String], of name: String) throws(BatchError) -> Bool {
        let before = try node(name)
        let node = before.with(features)
        guard node != before else { return false }
        let answer = try program.run(
            "scontrol",
            [
                "update", "NodeName=" + name, "AvailableFeatures=" + node.available.joined(separator: ","),
                "ActiveFeatures=" + node.active.joined(separator: ","),
            ])
        guard answer.succeeded else { throw program.failure("scontrol", answer) }
        return true
    }
}
