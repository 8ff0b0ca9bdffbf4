package import Job
internal import Unix

/// What pbs_mom tells a prologue and an epilogue, by their arguments; see appendix G of Torque's administrator guide.
///
/// The job's name, the account and the text of resources are the user's and hostile.
package struct TorqueHook: BatchHook {
    package let job: JobID
    /// The job's id as the server knows it, `123[4].pbs.example.org`.
    let fullID: String
    let user: String
    let group: String
    /// The resource list.
    let list: String
    let queue: String
    let project: String
    /// How the job ended, in an epilogue.
    package let exit: JobExit?
    /// Where the job's script lies, in a prologue of Torque 5.1.3, 6.0.4 and newer.
    let script: String?
    /// The file that names the node of each processor of the job, a line each; MOM's own, like the next two.
    let nodeFile: String?
    let nodes: Int?
    let cpus: Int?
    /// Torque does not count the starts of a job.
    package var attempt: Int? { nil }

    /// Reads the arguments; only a missing or unusable job id is an error.
    init(_ call: HookCall) throws(BatchError) {
        func argument(_ number: Int) -> String? {
            number <= call.arguments.count ? call.arguments[number - 1] : nil
        }
        guard let id = argument(1), let job = JobID(pbs: id), JobID.isPBS(id) else {
            throw BatchError(
                .site,
                "the first argument is no job id of Torque: this program is to be called by pbs_mom's hooks")
        }
        self.job = job
        fullID = id
        user = argument(2) ?? ""
        group = argument(3) ?? ""
        // An epilogue has the session in front of the resources, and what was used of them behind.
        let isPrologue = call.moment == .prologue
        list = argument(isPrologue ? 5 : 6) ?? ""
        queue = argument(isPrologue ? 6 : 8) ?? ""
        project = argument(isPrologue ? 7 : 9) ?? ""
        exit = isPrologue ? nil : argument(10).flatMap { Int($0) }.map { Self.exit($0) }
        let path = isPrologue ? argument(8) : nil
        script = path.flatMap { $0.hasPrefix("/") ? $0 : nil }
        nodes = call.environment("PBS_NUM_NODES").flatMap { Int($0) }.flatMap { $0 > 0 ? $0 : nil }
        cpus = call.environment("PBS_NP").flatMap { Int($0) }.flatMap { $0 > 0 ? $0 : nil }
        nodeFile = call.environment("PBS_NODEFILE").flatMap { $0.hasPrefix("/") ? $0 : nil }
    }

    /// 256 and more is a signal; less than nothing is what MOM itself did to the job.
    private static func exit(_ status: Int) -> JobExit {
        (257...384).contains(status)
            ? JobExit(code: 0, signal: status - 256) : JobExit(code: status, signal: 0)
    }

    /// The server is asked what the job asked for.
    package func ask() -> any JobQuestion {
        TorqueQuestion(hook: self, status: TorqueCommand(server: nil).ask(about: fullID))
    }
}

extension JobID {
    /// Whether a text is a whole id of PBS or Torque: a job's number, perhaps of an array, and the server's name.
    static func isPBS(_ text: String) -> Bool {
        let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard let first = parts[0].utf8.first, (0x30...0x39).contains(first), JobID(String(parts[0])) != nil
        else { return false }
        return parts.count == 1 || isServer(parts[1])
    }

    /// The server's part of an id; nil when there is none.
    static func server(ofPBS text: String) -> String? {
        let parts = text.split(separator: ".", maxSplits: 1)
        return parts.count == 2 ? String(parts[1]) : nil
    }

    private static func isServer(_ text: Substring) -> Bool {
        (1...255).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                    || [UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_")].contains(byte)
            }
    }
}
