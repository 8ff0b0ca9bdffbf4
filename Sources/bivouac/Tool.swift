import Batch
import FoundationEssentials
import Job
import JobMachine
import Site
import Unix

/// What every verb works with: the site, the clock and the way to print.
struct Tool {
    let places: Places
    let json: Bool

    init(json: Bool) {
        places = Places(root: Process.environment("BIVOUAC_ROOT") ?? "")
        self.json = json
    }

    var now: Timestamp { Timestamp(seconds: currentSeconds()) }

    /// The site's configuration; faults in drop-in files are told on standard error.
    func site() throws -> Site {
        let site: Site
        do {
            site = try Site.load(places: places)
        } catch {
            throw Failure(ExitStatus.configuration, "\(error)")
        }
        for fault in site.faults { Process.report("bivouac: \(fault)") }
        return site
    }

    /// The images of this node.
    func images(_ site: Site) -> NodeImages {
        NodeImages(site: site, places: places, clock: { now })
    }

    /// Root alone may change what others rely on.
    func requireRoot() throws {
        guard Process.effectiveUser == 0 else {
            throw Failure(ExitStatus.notPermitted, "only root may do that")
        }
    }

    /// Prints a value as JSON, or as the text.
    func show(_ value: some Encodable, _ text: @autoclosure () throws -> String) throws {
        guard json else {
            let text = try text()
            Process.print(text.isEmpty || text.hasSuffix("\n") ? text : text + "\n")
            return
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        Process.print(String(decoding: try encoder.encode(value), as: UTF8.self) + "\n")
    }

    /// A job's key from what an operator types: the key, or the job id alone.
    func key(_ word: String) throws -> JobKey {
        if let key = JobKey(word) { return key }
        guard let job = JobID(word), let key = JobKey(cluster: try site().cluster, job: job) else {
            throw Failure(ExitStatus.usage, "'\(word)' is neither a job id nor CLUSTER-JOBID")
        }
        return key
    }
}
