internal import JSON
internal import Job

/// What OpenPBS tells of a job in one of its events, as `hooks/openpbs/bivouac.py` passes it on: an object of texts,
/// named as OpenPBS names the job's attributes.
///
/// `other`, `project` and `Account_Name` are the user's and hostile; MOM wrote the rest.
struct OpenPBSEvent: Hashable, Sendable {
    let job: JobID
    /// `run_version`, which counts the starts of the job.
    let attempt: Int?
    let user: String?
    let group: String?
    let queue: String?
    let project: String
    /// How many hosts the job has; nil when MOM does not say.
    let hosts: Int?
    /// `exec_vnode`, what was granted.
    let vnodes: String
    /// In seconds.
    let walltime: Int64?
    /// The words of `-l other=`, where a job names its image.
    let words: [String]
    let exit: JobExit?
    /// Whether the job has processes.
    let isStarted: Bool

    /// What OpenPBS gives a job whose user named no project.
    private static let noProject = "_pbs_project_default"
    /// In bytes; a longer `other` is cut.
    private static let longestOther = 4096

    /// Reads one event.
    init(parsing bytes: [UInt8]) throws(BatchError) {
        do {
            try self.init(try JSON(parsing: bytes))
        } catch let error as BatchError {
            throw error
        } catch {
            throw BatchError(.site, "what the hook of OpenPBS says is no event: \(error)")
        }
    }

    /// Only a missing or unusable job id is an error.
    init(_ event: JSON) throws(BatchError) {
        func value(_ name: String) -> String? { event[name]?.text }
        guard let id = value("id"), let job = JobID(pbs: id) else {
            throw BatchError(.site, "no job: this program is to be called by the hook of OpenPBS")
        }
        self.job = job
        attempt = value("run_version").flatMap { Int($0) }.flatMap { $0 >= 0 ? $0 : nil }
        user = value("euser")
        group = value("egroup")
        queue = value("queue")
        let project = value("project") ?? Self.noProject
        self.project = project == Self.noProject ? value("Account_Name") ?? "" : project
        hosts = value("exec_host2").map { Self.hosts($0) }
        vnodes = value("exec_vnode") ?? ""
        walltime = value("walltime").flatMap { PBSResources.seconds($0) }
        let other = String(decoding: (value("other") ?? "").utf8.prefix(Self.longestOther), as: UTF8.self)
        words = PBSResources(["other": other]).words
        exit = value("Exit_status").flatMap { Int($0) }.flatMap { Self.exit($0) }
        isStarted = value("session_id") != nil
    }

    /// The different hosts of `HOST:PORT/INDEX*CPUS+...`.
    private static func hosts(_ list: String) -> Int {
        Set(list.split(separator: "+").map { $0.prefix { $0 != "/" } }).count
    }

    /// 256 and the number of a signal that ended the job; below zero it never ran.
    private static func exit(_ status: Int) -> JobExit? {
        switch status {
        case 0..<256: JobExit(code: status, signal: 0)
        case 256..<512: JobExit(code: 0, signal: status - 256)
        default: nil
        }
    }
}
