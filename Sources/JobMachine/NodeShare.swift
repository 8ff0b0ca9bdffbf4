package import Job

/// What one machine gets of the node: an account of its own and host CPUs.
package struct NodeShare: Hashable, Sendable {
    package let account: Account
    /// A host CPU for each CPU of the guest; one stands twice where more are granted than exist.
    package let cpus: [Int]

    /// Chooses an account that no machine has, and as many CPUs as granted, those with the fewest machines
    /// first, so that machines share a CPU only when the node is oversubscribed; nil without a free account.
    ///
    /// `allowed` are the CPUs that slurmd itself may use.
    package static func choose(
        _ count: Int, allowed: [Int], accounts: some Sequence<Account>, taken: [Record.Machine]
    ) -> NodeShare? {
        let used = Set(taken.map(\.uid))
        guard let account = accounts.first(where: { !used.contains($0.uid) }) else { return nil }
        var load: [Int: Int] = [:]
        for cpu in taken.flatMap(\.cpus) { load[cpu, default: 0] += 1 }
        let order = allowed.sorted { (load[$0, default: 0], $0) < (load[$1, default: 0], $1) }
        guard !order.isEmpty else { return nil }
        return NodeShare(account: account, cpus: (0..<max(1, count)).map { order[$0 % order.count] })
    }
}
