package import ImageTrust
package import Job
package import Site

/// A job that may run in its queue, and the image it asks for: all that can be judged before any list is looked
/// at.
package struct Request: Sendable {
    package let job: Job
    package let queue: Queue
    package let name: ImageName
    /// The list that the name stands in.
    package let rule: ListRule
    package let identifier: ImageIdentifier
    /// The lists that must be known to decide; all of them only when several endorsers are wanted.
    package let lists: [String]

    package init(_ job: Job, _ site: Site) throws(Refusal) {
        guard job.account.uid != 0 else {
            throw Refusal(.RootJob, "a job of root gets no machine: submit it from an ordinary account")
        }
        guard job.nodes <= 1 else {
            throw Refusal(.MultiNode, "the job has \(job.nodes) nodes: ask for one")
        }
        guard let queue = site.queues[job.queue] else {
            throw Refusal(.QueueNotAllowed, "'\(job.queue)' is not a queue whose jobs run in machines")
        }
        try Self.check(
            job, users: queue.users, groups: queue.groups, accounts: queue.accounts,
            of: "the queue '\(queue.name)'")
        self.job = job
        self.queue = queue
        name = try ImageChoice.choose(for: job, in: queue)
        rule = try Self.rule(of: name, site)
        identifier = try Self.identifier(of: name, rule)
        try Self.check(name, identifier, rule, queue)
        try Self.check(
            job, users: rule.users, groups: rule.groups, accounts: rule.accounts,
            of: "the list '\(rule.name)'")
        lists = rule.threshold > 1 ? site.lists.keys.sorted() : [rule.name]
    }

    private static func rule(of name: ImageName, _ site: Site) throws(Refusal) -> ListRule {
        if let rule = site.lists[name.list] { return rule }
        let fault = site.faults.first { $0.file.hasSuffix("/lists.d/\(name.list).toml") }
        let reason = fault.map { ": \($0)" } ?? ""
        throw Refusal(.UnknownImage, "'\(name)': this site has no list '\(name.list)'\(reason)")
    }

    /// What the list, or the site's alias, calls the image.
    package static func identifier(of name: ImageName, _ rule: ListRule) throws(Refusal) -> ImageIdentifier {
        guard let identifier = ImageIdentifier(rule.images[name.image] ?? name.image) else {
            throw Refusal(
                .UnknownImage, "'\(name)': the list '\(name.list)' has no image '\(name.image)' here")
        }
        return identifier
    }

    /// Refuses an image that the queue does not allow under any of its names, or whose class it does not.
    private static func check(
        _ name: ImageName, _ identifier: ImageIdentifier, _ rule: ListRule, _ queue: Queue
    ) throws(Refusal) {
        let aliases = rule.images.filter { ImageIdentifier($0.value) == identifier }.map(\.key)
        let names = (aliases + [identifier.description]).compactMap { ImageName("\(rule.name)/\($0)") }
        guard ([name] + names).contains(where: { queue.allows($0) }) else {
            throw Refusal(
                .QueueNotAllowed,
                "the queue '\(queue.name)' does not allow '\(name)': it allows "
                    + queue.allow.joined(separator: ", "))
        }
        guard queue.classes.contains(rule.imageClass) else {
            let classes = queue.classes.sorted().map(String.init).joined(separator: ", ")
            throw Refusal(
                .ClassNotAllowed,
                "'\(name)' is of class \(rule.imageClass), and the queue '\(queue.name)' takes \(classes)")
        }
    }

    /// Refuses a job whose user, groups or accounting project do not all meet what is asked for.
    private static func check(
        _ job: Job, users: [String], groups: [String], accounts: [String], of what: String
    ) throws(Refusal) {
        guard users.isEmpty || users.contains(job.account.name) else {
            throw Refusal(.UserNotAllowed, "\(what) is not open to the user '\(job.account.name)'")
        }
        guard groups.isEmpty || job.account.groups.contains(where: { groups.contains($0.name) }) else {
            throw Refusal(
                .UserNotAllowed, "\(what) is not open to any group of the user '\(job.account.name)'")
        }
        guard accounts.isEmpty || accounts.contains(job.project) else {
            throw Refusal(.UserNotAllowed, "\(what) is not open to the account '\(job.project)'")
        }
    }
}
