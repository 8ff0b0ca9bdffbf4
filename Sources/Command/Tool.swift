internal import Batch
internal import FoundationEssentials
package import Job
package import Site
internal import Unix

/// What every verb works with: the site, the clock and the way to print.
package struct Tool {
    package let places: Places
    package let json: Bool

    package init(json: Bool) {
        places = Places(root: Process.environment("BIVOUAC_ROOT") ?? "")
        self.json = json
    }

    package var now: Timestamp { Timestamp(seconds: currentSeconds()) }

    /// Who gives an order, as records name operators.
    package var author: String { "uid \(Process.loginUser)" }

    /// The site's configuration; faults in drop-in files are told on standard error.
    package func site() throws -> Site {
        let site: Site
        do {
            site = try Site.load(places: places)
        } catch {
            throw Failure(ExitStatus.configuration, "\(error)")
        }
        for fault in site.faults { Process.report("bivouac: \(fault)") }
        return site
    }

    /// Root alone may change what others rely on.
    package func requireRoot() throws {
        guard Process.effectiveUser == 0 else {
            throw Failure(ExitStatus.notPermitted, "only root may do that")
        }
    }

    /// Prints a value as JSON, or as the text.
    package func show(_ value: some Encodable, _ text: @autoclosure () throws -> String) throws {
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
    package func key(_ word: String) throws -> JobKey {
        if let key = JobKey(word) { return key }
        guard let job = JobID(word), let key = JobKey(cluster: try site().cluster, job: job) else {
            throw Failure(ExitStatus.usage, "'\(word)' is neither a job id nor CLUSTER-JOBID")
        }
        return key
    }
}
