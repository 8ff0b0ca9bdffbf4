internal import Job

extension WaitingJob {
    /// The jobs that wait, of what `qstat -f -x` prints of queues; those of users that the node does not know are left
    /// out.
    static func list(torque answer: String, uid: (_ user: String) -> UInt32?) throws(BatchError)
        -> [WaitingJob]
    {
        var known: [String: UInt32?] = [:]
        var waiting: [WaitingJob] = []
        for element in try PBSDocument(answer).jobs {
            guard ["Q", "H", "W"].contains(element.value("job_state")), let queue = element.value("queue"),
                let user = element.value("Job_Owner")?.prefix(while: { $0 != "@" }).description
            else { continue }
            let found = known[user] ?? uid(user)
            known[user] = .some(found)
            guard let found else { continue }
            let asked = PBSResources(element)
            waiting.append(
                WaitingJob(
                    uid: found, queues: [queue], nodes: asked.nodes ?? 1,
                    project: element.value("Account_Name") ?? "", words: asked.words))
        }
        return waiting
    }
}
