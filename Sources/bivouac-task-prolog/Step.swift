internal import Unix

/// The step that a task belongs to, from the title that slurmstepd gives itself: `slurmstepd: [4711.batch]`.
///
/// A user cannot write it: it is taken from the nearest ancestor that is root's by its real user id.
struct Step {
    private static let generations = 8

    /// The job id, digits.
    let job: String
    /// `batch`, `interactive` or the number of a step.
    let name: String

    /// Nil when no ancestor tells, as where a node hides other users' processes.
    init?(ofProcess first: Int32) {
        var process = first
        for _ in 0..<Self.generations where process > 1 {
            guard let status = Self.read("status", of: process), let user = Self.number("Uid:", in: status),
                let parent = Self.number("PPid:", in: status)
            else { return nil }
            if user == 0 {
                // The nearest process of root's is slurmstepd, or this is no task of Slurm's.
                guard let step = Self.read("cmdline", of: process).flatMap({ Step(title: $0) }) else {
                    return nil
                }
                self = step
                return
            }
            process = Int32(parent)
        }
        return nil
    }

    /// Reads `slurmstepd: [JOB.STEP]`, with `+COMPONENT` behind either number in a heterogeneous job.
    init?(title: String) {
        let start = "slurmstepd: ["
        guard title.hasPrefix(start), let end = title.firstIndex(of: "]") else { return nil }
        let words = title[..<end].dropFirst(start.count).split(
            separator: ".", omittingEmptySubsequences: false)
        guard words.count == 2 else { return nil }
        let job = words[0].prefix { $0 != "+" }
        guard (1...10).contains(job.utf8.count), job.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
            return nil
        }
        self.job = String(job)
        name = String(words[1].prefix { $0 != "+" })
    }

    private static func read(_ file: String, of process: Int32) -> String? {
        let bytes = try? FileDescriptor.open("/proc/\(process)/\(file)", .read).readAll(limit: 1 << 16)
        return bytes.map { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }

    /// The first number behind a word of `/proc/PID/status`: for `Uid:` the real user id.
    private static func number(_ word: String, in status: String) -> Int? {
        for line in status.split(separator: "\n") where line.hasPrefix(word) {
            return line.dropFirst(word.count).split { $0 == "\t" || $0 == " " }.first.flatMap { Int($0) }
        }
        return nil
    }
}
