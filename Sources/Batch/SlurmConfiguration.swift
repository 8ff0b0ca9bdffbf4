internal import Job
internal import Unix

/// The few words of slurm.conf(5) that follow from no command: what slurmd itself reads when it starts.
package enum SlurmConfiguration {
    package static let usualPath = "/etc/slurm/slurm.conf"
    /// Slurm's own default of `SlurmdSpoolDir`.
    private static let usualSpool = "/var/spool/slurmd"
    /// Slurm's own default of `KillWait`.
    private static let usualKillWait = 30
    private static let includes = 16

    /// `SlurmdSpoolDir`, where slurmd keeps its jobs' scripts, with `%n` and `%h` being this node.
    package static func spool(in path: String, host: String) throws(BatchError) -> String {
        let short = String(host.prefix { $0 != "." })
        return (try value(of: "slurmdspooldir", in: path) ?? usualSpool)
            .replacing("%n", with: short).replacing("%h", with: short)
    }

    /// `KillWait`, the seconds that slurmd leaves a job between TERM and KILL, whatever the TERM is for; nil when
    /// the file cannot be read.
    ///
    /// It is slurmd that waits, by its own file. A preempted job has its partition's `GraceTime` besides, and
    /// hears of that by the end that the controller then says.
    package static func killWait(in path: String) -> Int? {
        do {
            guard let text = try value(of: "killwait", in: path) else { return usualKillWait }
            // slurmd waits no less.
            return Int(text).map { max($0, 5) }
        } catch { return nil }
    }

    /// The last value of a key, whose name is in lower case, in the file and those that it includes.
    private static func value(of key: String, in path: String) throws(BatchError) -> String? {
        var found: String?
        var files = [path]
        var count = 0
        while let file = files.popLast() {
            count += 1
            guard count <= includes else { throw BatchError(.site, "\(path) includes too many files") }
            for line in try lines(of: file) {
                let word = line.prefix { $0 != "=" && $0 != " " && $0 != "\t" }.lowercased()
                let value = line.dropFirst(word.count).drop { $0 == "=" || $0 == " " || $0 == "\t" }
                    .prefix { $0 != " " && $0 != "\t" }
                if word == key { found = String(value) }
                if word == "include" {
                    files.append(value.hasPrefix("/") ? String(value) : Files.parent(path) + "/" + value)
                }
            }
        }
        return found
    }

    private static func lines(of path: String) throws(BatchError) -> [Substring] {
        do {
            let text = String(decoding: try Files.read(path, limit: 4 << 20), as: UTF8.self)
            return text.split(separator: "\n").map { $0.prefix { $0 != "#" } }
        } catch {
            throw BatchError(.site, "could not read slurm.conf (name it with --slurm-conf): \(error)")
        }
    }
}
