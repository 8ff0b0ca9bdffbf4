internal import Job
internal import NameService
internal import Site
internal import Unix

extension NodeShare {
    /// An account that no other machine of this node has, and CPUs; to be asked, and its answer written down,
    /// under the lock of the node's accounts.
    ///
    /// `key` is the job that it is for, whose own record does not count.
    static func free(_ count: Int, _ site: Site, _ places: Places, except key: JobKey? = nil)
        throws(MachineFault) -> NodeShare
    {
        let taken = try taken(places, except: key)
        let share = choose(count, allowed: Process.allowedCPUs, accounts: pool(site), taken: taken)
        guard let share else {
            let count = pool(site).reduce(0) { count, _ in count + 1 }
            throw .fault(
                .node,
                "no account \(site.qemuAccounts)N is free: \(count) exist, \(taken.count) machines run; "
                    + "make more with hooks/install --accounts")
        }
        return share
    }

    /// What machines and replays have; a record that cannot be read hides an account, and two machines must not
    /// share one.
    private static func taken(_ places: Places, except key: JobKey?) throws(MachineFault) -> [Record.Machine]
    {
        var taken = try Replay.machines(places)
        for other in try LiveJob.keys(places) where other != key {
            let record = try LiveJob.peek(other, places: places)
            guard record != nil || !Files.exists(places.job(other).record) else {
                throw .fault(
                    .node,
                    "the record of job \(other) is damaged: which account its machine has is not known, and "
                        + "two must not share one (bivouac tick ends it when its job is over)")
            }
            if let machine = record?.machine { taken.append(machine) }
        }
        return taken
    }

    /// The accounts of the pool that exist, in the order of their numbers; looked up one by one, since a name
    /// service may take its time for each.
    static func pool(_ site: Site) -> some Sequence<Account> {
        let name = site.qemuAccounts
        return sequence(state: 0) { (number: inout Int) -> Account? in
            defer { number += 1 }
            return NameService.account(named: "\(name)\(number)", withGroups: false)
        }
    }
}
