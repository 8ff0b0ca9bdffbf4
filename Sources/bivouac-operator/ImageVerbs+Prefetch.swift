import Batch
import Command
import Digest
import ImageStore
import Job
import JobMachine
import Policy
import Site
import Unix

extension Verbs {
    private struct Prefetched: Encodable {
        let name: String
        let sha512: String?
        /// Jobs that wait for it; nil for one that was named.
        let jobs: Int?
        let failure: String?
    }

    /// What is to be fetched, in this order.
    private struct Wish {
        let name: String
        let jobs: Int?
        let source: Result<ImageSource, any Error>
    }

    static func prefetchImages(_ tool: Tool, _ arguments: Arguments) throws -> Int32 {
        try tool.requireRoot()
        guard arguments.words.isEmpty == arguments.has("from-queue") else {
            throw Failure(ExitStatus.usage, "name images, or give --from-queue alone")
        }
        let site = try tool.site()
        let images = tool.images(site)
        let wishes =
            arguments.has("from-queue")
            ? try fromQueue(tool, site)
            : arguments.words.map { word in
                Wish(name: word, jobs: nil, source: Result { try source(tool, word, site) })
            }
        // One that is wanted does not go for another that is.
        let wanted = wishes.compactMap { try? $0.source.get().digest }
        let keeping = ImageNeeds(wanted, because: "jobs wait for it, or it is being fetched ahead")
        let deadline = Deadline(seconds: 4 * 3600)
        let results = wishes.map { wish in
            do {
                let source = try wish.source.get()
                try order(tool, "image prefetch", source, images)
                let image = try images.fetch(
                    source, before: deadline, for: "image prefetch", keeping: keeping)
                return Prefetched(
                    name: wish.name, sha512: image.digest.description, jobs: wish.jobs, failure: nil)
            } catch {
                return Prefetched(name: wish.name, sha512: nil, jobs: wish.jobs, failure: "\(error)")
            }
        }
        try tool.show(
            results,
            Table.text(
                ["IMAGE", "JOBS", "SHA512", "FAILURE"],
                results.map {
                    [
                        $0.name, $0.jobs.map(String.init) ?? "", String(($0.sha512 ?? "").prefix(16)),
                        plain($0.failure ?? ""),
                    ]
                }))
        return results.allSatisfy { $0.failure == nil } ? ExitStatus.success : ExitStatus.dataRefused
    }

    private static func fromQueue(_ tool: Tool, _ site: Site) throws -> [Wish] {
        let waiting = try Scheduler.commands(of: site.origin).waiting(in: site.queues.keys.sorted())
        let prologue = Prologue(
            site: site, places: tool.places, programs: .installed, clock: { tool.now }, annotate: { _ in })
        let demand = QueueDemand(waiting, site: site, prologue: prologue)
        for (reason, jobs) in demand.refused.sorted(by: { $0.value > $1.value }).prefix(20) {
            Process.report("bivouac: \(jobs) waiting jobs would get no machine: \(reason)")
        }
        return demand.wanted.map { wanted in
            Wish(
                name: wanted.admission.image.description, jobs: wanted.jobs,
                source: Result { try ImageSource(wanted.admission, user: wanted.user) })
        }
    }
}
