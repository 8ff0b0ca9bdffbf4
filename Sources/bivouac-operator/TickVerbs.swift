import Audit
import Batch
import Command
import ImageStore
import Job
import JobMachine
import Site
import Unix

extension Verbs {
    static let tick = [
        Verb(
            "tick", "", "",
            "reaps strays, rechecks running machines, expires evidence, refreshes lists; for HealthCheckProgram or a "
                + "timer, ends within 20 s",
            words: 0...0, run: tick)
    ]

    /// What needs time and has no daemon; one tick at a time, and each part goes on after another's failure.
    private static func tick(_ tool: Tool, _ arguments: Arguments) throws -> Int32 {
        try tool.requireRoot()
        let deadline = Deadline(seconds: 20)
        try Files.makeDirectories(tool.places.run, mode: 0o755)
        guard let lock = try FileLock.tryAcquire(tool.places.tickLock) else { return ExitStatus.success }
        defer { withExtendedLifetime(lock) {} }
        let site = try tool.site()
        // One question to the scheduler serves both.
        var states: [JobID: JobState] = [:]
        let parts: [(String, () throws -> [String])] = [
            ("reap", { try reap(tool, site, deadline) { states.merge($0) { _, new in new } } }),
            ("log what was not logged", { try logLate(tool) }),
            ("end replays", { try endReplays(tool, site) }),
            ("settle machines that stand still", { try settle(tool, site) }),
            ("tell payloads of their end", { try follow(tool, site, states, deadline) }),
            ("recheck machines", { try recheck(tool, site, deadline) }),
            ("expire evidence", { try expire(tool, site, deadline).map { "evidence \($0) expired" } }),
            ("sweep images", { try sweep(tool, site) }),
            ("refresh lists", { refresh(tool, site, deadline) }),
            ("publish images", { try publish(tool, site) }),
            ("read images again", { try rehash(tool, site, deadline) }),
        ]
        var status = ExitStatus.success
        for (name, part) in parts {
            do {
                for line in try part() {
                    SystemLog.write(.notice, line)
                    Process.report("bivouac: \(line)")
                }
            } catch {
                SystemLog.write(.error, "could not \(name): \(error)")
                Process.report("bivouac: could not \(name): \(error)")
                status = ExitStatus.unavailable
            }
        }
        try Files.write("\(status)\n", to: tool.places.ticked, mode: 0o644)
        return status
    }

    private static func reap(
        _ tool: Tool, _ site: Site, _ deadline: Deadline, learn: ([JobID: JobState]) -> Void
    ) throws -> [String] {
        let ending = Ending(site: site, places: tool.places, clock: { tool.now })
        let outcomes = try Reaper(ending).run(before: deadline, learn: learn)
        let news = outcomes.filter { $0.failure == nil }.map { "reaped \($0.name)" }
        let failures = outcomes.compactMap { outcome in outcome.failure.map { "\(outcome.name): \($0)" } }
        guard failures.isEmpty else {
            throw Failure(ExitStatus.unavailable, (failures + news).joined(separator: "; "))
        }
        return news
    }

    private static func logLate(_ tool: Tool) throws -> [String] {
        let (logged, stuck) = try LateEvents(directory: tool.places.unlogged).flush(
            to: AuditLog(path: tool.places.auditLog), at: tool.now, before: Deadline(seconds: 5))
        let news = logged == 0 ? [] : ["\(logged) ends of jobs are in the audit log now"]
        guard stuck.isEmpty else {
            let files = stuck.joined(separator: ", ")
            throw Failure(
                ExitStatus.unavailable,
                (["no end of a job can be read in \(files): look at it and move it away"] + news)
                    .joined(separator: "; "))
        }
        return news
    }

    private static func endReplays(_ tool: Tool, _ site: Site) throws -> [String] {
        try ForeignPart.sweep(tool.places)
        return try Replay.sweep(Ending(site: site, places: tool.places, clock: { tool.now })).map {
            "replay of \($0) ended: its process had died"
        }
    }

    /// What somebody who died half-way left running is to stand still, and what a full disk stopped is to go on.
    private static func settle(_ tool: Tool, _ site: Site) throws -> [String] {
        let (done, failed) = try Pause(Ending(site: site, places: tool.places, clock: { tool.now })).settle()
        guard failed.isEmpty else {
            throw Failure(ExitStatus.unavailable, (failed + done).joined(separator: "; "))
        }
        return done
    }

    private static func sweep(_ tool: Tool, _ site: Site) throws -> [String] {
        try tool.images(site).sweep()
        return []
    }

    /// What one tick reads of images at most: about two seconds of a processor.
    private static let slice = ByteCount.mebibytes(1024)

    private static func rehash(_ tool: Tool, _ site: Site, _ deadline: Deadline) throws -> [String] {
        let line = try tool.images(site).rehash(budget: slice, before: deadline.orSooner(seconds: 5))
        return line.map { [$0] } ?? []
    }

    private static func publish(_ tool: Tool, _ site: Site) throws -> [String] {
        guard site.store.publish else { return [] }
        let commands = try Scheduler.commands(of: site.origin)
        let told = try ProximityFeatures(site: site, places: tool.places, now: tool.now)
            .publish(commands, node: localNode)
        return told.map { ["told the batch system of \($0.count) images on node \(localNode)"] } ?? []
    }
}
