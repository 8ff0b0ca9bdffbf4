package import Batch
internal import Digest
internal import ImageTrust
internal import Job
internal import NameService
package import Policy
package import Site

/// The images that waiting jobs will boot here, as far as they would be let.
package struct QueueDemand {
    /// An image and how many jobs wait for it.
    package struct Wanted: Sendable {
        package let admission: Admission
        /// Whose job it was that was looked at.
        package let user: String
        package var jobs: Int
    }

    /// The most wanted first.
    package private(set) var wanted: [Wanted] = []
    /// Jobs that would get no machine, by the reason.
    package private(set) var refused: [String: Int] = [:]

    /// Judges each kind of job once, by the same rules as at its start.
    package init(_ waiting: [WaitingJob], site: Site, prologue: Prologue) {
        var kinds: [WaitingJob: Int] = [:]
        for job in waiting {
            var kind = job
            kind.queues = kind.queues.filter { site.queues[$0] != nil }
            kind.words = kind.words.filter { $0.hasPrefix("image=") }
            kinds[kind, default: 0] += 1
        }
        var found: [String: Wanted] = [:]
        for (kind, count) in kinds {
            do {
                let (admission, user) = try Self.judge(kind, site, prologue)
                found[
                    admission.digest.description, default: Wanted(admission: admission, user: user, jobs: 0)
                ]
                .jobs += count
            } catch {
                refused["\(error)", default: 0] += count
            }
        }
        wanted = found.values.sorted {
            ($1.jobs, $0.admission.image.description) < ($0.jobs, $1.admission.image.description)
        }
    }

    private static func judge(_ kind: WaitingJob, _ site: Site, _ prologue: Prologue) throws(MachineFault)
        -> (Admission, String)
    {
        guard let queue = kind.queues.first else {
            throw .fault(.job, "the job waits in no queue of ours")
        }
        guard let account = NameService.account(uid: kind.uid) else {
            throw .fault(.job, "user id \(kind.uid) has no account on this node")
        }
        guard let id = JobID("0"), let key = JobKey(cluster: site.cluster, job: id) else {
            throw .fault(.site, "cluster '\(site.cluster)' cannot be part of a job key")
        }
        let job = Job(
            key: key, attempt: 0, account: account, queue: queue, project: kind.project, nodes: kind.nodes,
            resources: Resources(cpus: 1, memory: MachineParts.leastMemory, end: nil), words: kind.words)
        return (try prologue.judge(job, at: prologue.clock()), account.name)
    }
}
