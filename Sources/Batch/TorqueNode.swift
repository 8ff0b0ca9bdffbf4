internal import Job
internal import Unix

extension NodeFeatures {
    /// Reads what `pbsnodes -x` prints of one node, whose features are Torque's properties; nil for anything else.
    init?(torque answer: String) throws(BatchError) {
        let nodes = try PBSDocument(answer).elements("Node")
        guard nodes.count == 1, let state = nodes[0].value("state") else { return nil }
        let properties = (nodes[0].value("properties") ?? "").split(separator: ",").map(String.init)
        self.init(available: properties, active: properties)
        isDrained = state.split(separator: ",").contains("offline")
    }
}

extension TorqueCommand {
    /// A node's properties and state.
    func node(_ name: String) throws(BatchError) -> NodeFeatures {
        let answer = try program.run("pbsnodes", ["-x", name])
        guard answer.succeeded else { throw program.failure("pbsnodes", answer) }
        guard let node = try NodeFeatures(torque: String(decoding: answer.output, as: UTF8.self)) else {
            throw BatchError(.node, "pbsnodes does not tell the properties of node \(name)")
        }
        return node
    }

    /// Gives a node these properties of ours and no others of ours; false when it has them already.
    ///
    /// Only who is a manager of the server may: root of this node, where the site made it one.
    func publish(_ features: [String], of name: String) throws(BatchError) -> Bool {
        let before = Set(try node(name).available)
        let after = Set(features)
        let gone = before.filter { $0.hasPrefix(NodeFeatures.prefix) }.subtracting(after)
        try change(name, "-=", gone)
        try change(name, "+=", after.subtracting(before))
        return !gone.isEmpty || !after.isSubset(of: before)
    }

    /// One call of qmgr(8), which names properties of ours alone.
    private func change(_ node: String, _ sign: String, _ properties: Set<String>) throws(BatchError) {
        guard !properties.isEmpty else { return }
        let list = properties.sorted().joined(separator: ",")
        let answer = try program.run("qmgr", ["-a", "-c", "set node \(node) properties \(sign) \"\(list)\""])
        guard answer.succeeded else { throw program.failure("qmgr", answer) }
    }
}
