package import Job
internal import Site

/// Which of the user's files go into her job's machine and come back, as root's record tells the launcher.
///
/// Nobody but the launcher, with the user's rights, follows the paths.
package struct StageRequest: Hashable, Sendable, Codable {
    /// Names of one job, at most.
    static let most = 64
    private static let longest = 1024

    /// The most that may go in, and come back.
    package var limit: ByteCount
    /// Paths, from the working directory unless they are absolute; empty for all of the working directory.
    package var names: [String]
    /// Whether what the payload removes is removed on the host as well.
    package var removes: Bool
    /// The user's home, which is never staged whole.
    package var home: String

    /// What a job and its queue ask for by the words `stage=NAME` and `stage_delete=yes`; nil for nothing.
    init?(_ job: Job, _ queue: Queue) throws(Refusal) {
        guard queue.workdir == .stage, queue.payload == .job else { return nil }
        limit = queue.workdirLimit
        home = job.account.home
        names = try Self.values(of: "stage=", job).map { (name) throws(Refusal) in
            guard Self.isPath(name) else {
                throw Refusal(
                    .BadStageName,
                    "'\(name.prefix(80))' names nothing to stage: write stage=PATH without '.' and '..'")
            }
            return name
        }
        guard names.count <= Self.most else {
            throw Refusal(.BadStageName, "\(names.count) words stage=PATH: at most \(Self.most) are taken")
        }
        let removals = Self.values(of: "stage_delete=", job)
        guard removals.allSatisfy({ ["yes", "no"].contains($0) }) else {
            throw Refusal(.BadStageName, "stage_delete= is 'yes' or 'no'")
        }
        removes = removals.last == "yes"
    }

    private static func values(of key: String, _ job: Job) -> [String] {
        job.words.filter { $0.hasPrefix(key) }.map { String($0.dropFirst(key.count)) }
    }

    private static func isPath(_ text: String) -> Bool {
        let parts = text.split(separator: "/")
        return text.utf8.count <= longest && !parts.isEmpty
            && text.unicodeScalars.allSatisfy { $0.value > 0x20 && $0.value != 0x7F }
            && parts.allSatisfy { $0 != "." && $0 != ".." && $0.utf8.count <= 255 }
    }
}
