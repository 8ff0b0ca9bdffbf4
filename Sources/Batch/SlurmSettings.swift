package import Job
package import Site

/// Slurm's settings by name, as `scontrol show config` prints them or slurm.conf(5) spells them.
package struct SlurmSettings: Sendable {
    private var values: [String: String] = [:]

    /// Reads a setting a line; `#` begins a comment, names are alike in capitals and small letters, the last of
    /// two counts.
    package init(_ text: String) {
        for line in text.split(separator: "\n") {
            let parts = line.prefix { $0 != "#" }.split(separator: "=", maxSplits: 1)
            guard parts.count == 2 else { continue }
            let name = parts[0].filter { $0 != " " && $0 != "\t" }.lowercased()
            values[name] = String(parts[1].drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
        }
    }

    /// The value of a setting; nil where Slurm prints `(null)` or the text has none.
    package subscript(_ name: String) -> String? {
        values[name.lowercased()].flatMap { $0 == "(null)" ? nil : $0 }
    }

    /// The number that a setting begins with, such as seconds; nil for INFINITE and for none.
    private func number(_ name: String) -> Int? {
        self[name].flatMap { Int($0.prefix { $0.isNumber }) }.flatMap { $0 < 65_534 ? $0 : nil }
    }

    private func words(_ name: String) -> [Substring] { (self[name] ?? "").split(separator: ",") }
}

extension SlurmSettings {
    /// What the hooks rely on, each with what is wrong with it.
    package func findings(for site: Site) -> [Finding] {
        [timeouts(site), grace(site), submission, flags]
    }

    private func timeouts(_ site: Site) -> Finding {
        guard let hook = number("PrologTimeout") ?? number("PrologEpilogTimeout") else {
            return .warning(
                "Timeouts", "PrologEpilogTimeout is not set: Slurm waits for ever for a hook that hangs")
        }
        guard hook > site.prologueTimeout else {
            return .failure(
                "Timeouts",
                "PrologEpilogTimeout (\(hook) s) is not above prologue_timeout (\(site.prologueTimeout) s): "
                    + "Slurm kills a prologue that still has time, and drains the node")
        }
        guard number("BatchStartTimeout") ?? 10 >= hook else {
            return .failure(
                "Timeouts",
                "BatchStartTimeout is below PrologEpilogTimeout (\(hook) s): "
                    + "Slurm requeues jobs whose machines still boot")
        }
        return .ok("Timeouts", "prologue_timeout \(site.prologueTimeout) s < PrologEpilogTimeout \(hook) s")
    }

    /// What payloads are promised must not be more than Slurm leaves them.
    private func grace(_ site: Site) -> Finding {
        .grace(of: site, below: number("KillWait") ?? 30, "KillWait")
    }

    private var submission: Finding {
        words("JobSubmitPlugins").contains("lua")
            ? .ok("JobSubmit", "job_submit/lua is loaded")
            : .failure("JobSubmit", "JobSubmitPlugins lacks lua: every job of our partitions fails")
    }

    private var flags: Finding {
        let flags = words("PrologFlags")
        guard flags.contains("Alloc") || flags.contains("Contain") else {
            return .failure(
                "PrologFlags", "PrologFlags lacks Alloc: machines would be booted by the first step")
        }
        guard !flags.contains("Serial") else {
            return .warning(
                "PrologFlags", "PrologFlags has Serial: the machines of a node start one after the other")
        }
        guard flags.contains("DeferBatch") else {
            return .warning(
                "PrologFlags",
                "PrologFlags lacks DeferBatch: a prologue that takes longer than cred_expire fails its job")
        }
        return .ok("PrologFlags", flags.joined(separator: ","))
    }
}

extension Finding {
    /// Whether the grace of each queue is below what the scheduler leaves a job between TERM and KILL.
    static func grace(of site: Site, below seconds: Int, _ setting: String) -> Finding {
        for queue in site.queues.values.sorted(by: { $0.name < $1.name }) where queue.grace >= seconds {
            return .failure(
                "Grace",
                "[queue.\(queue.name)] promises \(queue.grace) s (grace), and the scheduler kills after "
                    + "\(seconds) s (\(setting)): lower the one or raise the other")
        }
        return .ok("Grace", "payloads are promised less than \(setting) (\(seconds) s)")
    }
}
