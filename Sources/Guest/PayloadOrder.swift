package import GuestProtocol
package import Unix

/// What the agent tells the program that becomes the payload, through a descriptor that nobody else sees.
package struct PayloadOrder: Hashable, Sendable {
    package var identity: Identity
    /// Control group to enter first; nil for none.
    package var controlGroup: String?
    package var launch: LaunchOrder

    package init(identity: Identity, controlGroup: String?, launch: LaunchOrder) {
        self.identity = identity
        self.controlGroup = controlGroup
        self.launch = launch
    }
}

extension PayloadOrder {
    /// Text lines for the agent's own part, an empty line, and the launch order.
    package var bytes: [UInt8] {
        let groups = identity.groups.map { " \($0)" }.joined()
        return Array("\(identity.uid) \(identity.gid)\(groups)\n\(controlGroup ?? "")\n".utf8) + launch.bytes
    }

    /// Nil when the bytes are not what `bytes` makes.
    package init?(parsing bytes: [UInt8]) {
        let lines = bytes.split(separator: 0x0A, maxSplits: 2, omittingEmptySubsequences: false)
        guard lines.count == 3, let launch = try? LaunchOrder(parsing: Array(lines[2])) else { return nil }
        let words = String(decoding: lines[0], as: UTF8.self).split(separator: " ")
        let numbers = words.compactMap { UInt32($0) }
        guard numbers.count == words.count, numbers.count >= 2 else { return nil }
        let group = String(decoding: lines[1], as: UTF8.self)
        self.init(
            identity: Identity(uid: numbers[0], gid: numbers[1], groups: Array(numbers[2...])),
            controlGroup: group.isEmpty ? nil : group, launch: launch)
    }
}
