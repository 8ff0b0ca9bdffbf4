import Foundation

/// What pbs_mom says of a job to its hooks, and how it runs them: in a session of their own with nothing to read, almost
/// no environment and both streams in the job's own output.
struct TorqueJob: Sendable {
    var id = "123.pbs.example.org"
    var user = "nobody"
    var queue = "vm"
    var resources = "mem=256mb,neednodes=1,nodes=1,walltime=01:00:00"
    var script = "/var/spool/torque/mom_priv/jobs/123.pbs.example.org.SC"
    var exit = "0"

    var number: String { String(id.prefix { $0 != "." }) }
    /// The job as others look for it on the node.
    var onNode: JobOnNode { JobOnNode(id: number) }

    var prologue: [String] { [id, user, "nogroup", "a job", resources, queue, "physics", script] }
    var epilogue: [String] {
        [id, user, "nogroup", "a job", "4711", resources, "cput=00:00:01", queue, "physics", exit, script]
    }

    /// The words that run a hook so, with these variables alone.
    static func words(_ hook: [String], _ variables: [String] = []) -> [String] {
        let line = "exec 3<&- 4<&- 5<&-; exec \"$@\" </dev/null 2>&1"
        return ["/usr/bin/setsid", "--wait", "/usr/bin/env", "-i"] + variables
            + ["/bin/sh", "-c", line, "sh"] + hook
    }
}

extension Node {
    /// Where the Torque hooks are installed on this node.
    var torque: String { path("usr/libexec/bivouac/torque") }

    /// Installs the programs and Torque's hooks below the root, with the lines that follow from site.toml.
    func installTorque() throws {
        try Launch.require([
            Built.tree + "/hooks/install", "--scheduler", "torque", "--prefix", path("usr"), "--from",
            Built.directory,
        ])
        let doctor = try bivouac("doctor", "--write-hooks", torque)
        guard doctor.status == 0 else { throw Harness.error("doctor: \(doctor.errors)") }
    }

    /// Runs one of Torque's hooks as pbs_mom would.
    func torque(_ hook: String, _ arguments: [String]) throws -> Outcome {
        try Launch.run(TorqueJob.words([torque + "/" + hook] + arguments))
    }
}
