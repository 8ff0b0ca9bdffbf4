import Foundation

/// OpenPBS's MOM as the hook sees her: an event's file, a stand-in for pbs_python, and what the hook decided.
struct Mom {
    /// What MOM has of a job, as she writes it: `NAME` or `Resource_List[NAME]` and a text; several lines where the
    /// text has them.
    static func job(_ id: String = "4711", _ changes: [String: String?] = [:]) -> [String: String] {
        var job = [
            "id": "\(id).pbs.example.org", "Job_Name": "test", "queue": "vm", "Account_Name": "physics",
            "exec_host2": "node1:15002/0", "exec_vnode": "(node1:ncpus=1:mem=524288kb)",
            "Resource_List[walltime]": "00:10:00", "Resource_List[ncpus]": "1",
            "Variable_List": "\"\"\"PBS_O_HOME=/,A=pbs.event().job.queue\nB=\\\"\\\"\\\"\"\"\"",
            "euser": "nobody",
            "egroup": "nogroup", "project": "_pbs_project_default", "run_version": "0", "_msmom": "True",
        ]
        for (name, value) in changes { job[name] = value }
        return job
    }

    /// What came of an event.
    struct Decision: Decodable {
        var accept: Bool
        var message: String?
        var exception: String?
        var rerun: Bool?
        var delete: Bool?
        var progname: String?
        var argv: [String]?
        /// Vnodes that were taken out of service.
        var offline: [String]
        /// What the server is told of vnodes: the resources that were set.
        var resources: [String: [String: String]]
        var log: [String]
        /// pbs_python's exit status: 254 after an exception, 253 after an alarm.
        var status: Int32?
        /// What the hook wrote where the job's own standard error is.
        var errors: String?
    }

    /// Where the event's files lie; on a node below its root.
    let directory: String
    /// The hook's configuration file.
    let configuration: String
    /// Seconds until pbs_python is interrupted.
    var alarm = 30
    /// Runs the stand-in where MOM would; `nsenter` for one.
    var prefix: [String] = []
    /// More of the stand-in's environment.
    var environment: [String: String] = [:]

    static let parts = Built.tree + "/Tests/HookTests/OpenPBS"

    /// The start of an event for one job.
    func start(_ event: String, _ job: [String: String] = Mom.job(), _ more: [String] = []) throws -> Event {
        // MOM writes the id first.
        let names = ["id"] + job.keys.filter { $0 != "id" }.sorted()
        return try start(event, lines: more + names.map { "pbs.event().job.\($0)=\(job[$0] ?? "")" })
    }

    /// The start of the periodic event, with the jobs that MOM has.
    func start(periodic jobs: [[String: String]]) throws -> Event {
        let lines = jobs.flatMap { job in
            job.sorted { $0.key < $1.key }.filter { $0.key != "id" }.map {
                "pbs.event().job_list[\"\(job["id"] ?? "")\"].\($0.key)=\($0.value)"
            }
        }
        return try start("exechost_periodic", lines: lines)
    }

    private func start(_ event: String, lines: [String]) throws -> Event {
        let text =
            lines + [
                "pbs.event().vnode_list[\"node1\"].state=0", "pbs.event().type=\(event)",
                "pbs.event().alarm=\(alarm)",
            ]
        return try start(event, input: Data((text.joined(separator: "\n") + "\n").utf8))
    }

    private func start(_ event: String, input: Data) throws -> Event {
        let stem = directory + "/hook_\(event)_" + String(UUID().uuidString.prefix(8))
        try input.write(to: URL(fileURLWithPath: stem + ".in"))
        let surroundings = ["PATH": "/bin:/usr/bin", "PBS_HOOK_CONFIG_FILE": configuration]
        let launch = try Launch(
            prefix + ["/usr/bin/python3", Self.parts + "/pbs.py", "--hook"]
                + ["-i", stem + ".in", "-o", stem + ".out", Built.tree + "/hooks/openpbs/bivouac.py"],
            environment: surroundings.merging(environment) { $1 }, directory: directory)
        return Event(launch: launch, output: stem + ".out")
    }

    /// A hook at work.
    struct Event {
        let launch: Launch
        fileprivate let output: String

        func decision(_ outcome: Outcome) throws -> Decision {
            guard let data = FileManager.default.contents(atPath: output) else {
                throw Harness.error("the hook ended with \(outcome.status): \(outcome.errors)")
            }
            var decision = try JSONDecoder().decode(Decision.self, from: data)
            decision.status = outcome.status
            decision.errors = outcome.errors
            return decision
        }
    }

    /// One whole event.
    func event(_ event: String, _ job: [String: String] = Mom.job(), _ more: [String] = []) throws -> Decision
    {
        let event = try start(event, job, more)
        return try event.decision(try event.launch.wait())
    }

    /// An execjob_launch for this program.
    func launch(_ program: [String], as name: String, _ job: [String: String] = Mom.job()) throws -> Decision
    {
        try event(
            "execjob_launch", job,
            ["pbs.event().progname=\(name)"]
                + program.enumerated().map { "pbs.event().argv[\($0.offset)]=\($0.element)" })
    }

    /// The server's runjob, which hands the attributes over as they are.
    func runjob(_ job: [String: String]) throws -> Decision {
        let event = try start("runjob", input: JSONEncoder().encode(job))
        return try event.decision(try event.launch.wait())
    }

    /// The periodic event.
    func periodic(_ jobs: [[String: String]]) throws -> Decision {
        let event = try start(periodic: jobs)
        return try event.decision(try event.launch.wait())
    }
}
