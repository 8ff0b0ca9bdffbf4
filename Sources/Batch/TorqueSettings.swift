package import Job
package import Site

/// `mom_priv/config` of a node of Torque: a parameter a line, `$name value`.
package struct TorqueSettings: Sendable {
    /// What pbs_mom calls for every task of a job, below the directory of our programs.
    package static let starter = "/libexec/bivouac/torque/job_starter"

    private var values: [String: String] = [:]

    /// Reads the file; `#` begins a comment line.
    package init(_ text: String) {
        for line in text.split(separator: "\n") where line.hasPrefix("$") {
            let words = line.dropFirst().split(maxSplits: 1) { $0 == " " || $0 == "\t" }
            if words.count == 2 {
                values[String(words[0])] = String(words[1].prefix { $0 != " " && $0 != "\t" })
            }
        }
    }

    /// The value of a parameter, without its `$`; nil where the file has none.
    package subscript(_ name: String) -> String? { values[name] }

    /// What the hooks rely on, each with what is wrong with it; `server` is what the server says, if it was asked.
    package func findings(for site: Site, server: QmgrSettings?) -> [Finding] {
        [timeouts(site), jobStarter, .killDelay(of: site, in: server, otherwise: 2)]
    }

    private func timeouts(_ site: Site) -> Finding {
        // pbs_mom kills ten seconds before the time is over.
        let (alarm, early) = (self["prologalarm"].flatMap { Int($0) } ?? 300, 10)
        guard alarm - early > site.prologueTimeout else {
            return .failure(
                "Timeouts",
                "$prologalarm (\(alarm) s) is not \(early) s above prologue_timeout (\(site.prologueTimeout) s): "
                    + "pbs_mom kills a prologue that still has time, and requeues its job")
        }
        return .ok("Timeouts", "prologue_timeout \(site.prologueTimeout) s < $prologalarm \(alarm) s")
    }

    private var jobStarter: Finding {
        guard let path = self["job_starter"], path.hasSuffix(Self.starter) else {
            return .failure(
                "JobStarter",
                "$job_starter is \(self["job_starter"] ?? "not set"): it must be PREFIX\(Self.starter), or jobs of "
                    + "our queues run on the node itself")
        }
        guard
            !["1", "on", "true", "y", "yes"].contains((self["job_starter_run_privileged"] ?? "").lowercased())
        else {
            return .failure(
                "JobStarter", "$job_starter_run_privileged gives root the job's environment: set it to false")
        }
        return .ok("JobStarter", path)
    }
}

extension Finding {
    /// Whether the grace of each queue is below its `kill_delay`, or the server's.
    static func killDelay(of site: Site, in server: QmgrSettings?, otherwise seconds: Int) -> Finding {
        guard let server else { return .unknown("Grace", "the server does not tell its kill_delay") }
        let findings = site.queues.values.sorted { $0.name < $1.name }.map { queue -> Finding in
            let delay = server.queue(queue.name, "kill_delay") ?? server.server("kill_delay")
            var only = site
            only.queues = [queue.name: queue]
            return .grace(of: only, below: delay.flatMap { Int($0) } ?? seconds, "kill_delay")
        }
        return findings.first { $0.verdict != .ok } ?? findings.first ?? .ok("Grace", "no queue is ours")
    }
}
