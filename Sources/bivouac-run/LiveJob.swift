internal import JSON
internal import Job
internal import Unix

/// What root's record on this node says of the job.
struct LiveJob {
    private static let longestRecord = 256 << 10
    /// Bytes of room with which a file system may take nothing more.
    private static let leastRoom: Int64 = 16 << 20

    let key: JobKey
    private let directory: String
    /// Where the machine's disks are.
    private let disks: [String]

    /// The job that the environment names.
    ///
    /// The name alone is taken from there: what the job may do follows from root's record and the socket's
    /// owner.
    static func id() throws(Failure) -> JobID {
        let slurm = Process.environment("SLURM_JOB_ID")
        guard let id = slurm.map({ JobID($0) }) ?? Process.environment("PBS_JOBID").map({ JobID(pbs: $0) }),
            let id
        else { throw Failure(.configuration, "no job: neither SLURM_JOB_ID nor PBS_JOBID names one") }
        return id
    }

    /// The keys of the live directories of a job; more than one where jobs of several clusters run.
    static func keys(of id: JobID, root: String) -> [JobKey] {
        ((try? Files.names(in: root + "/run/bivouac/jobs")) ?? []).compactMap { JobKey($0) }
            .filter { $0.job == id }
    }

    /// Finds the one live directory of a job.
    init(_ id: JobID, root: String) throws(Failure) {
        let jobs = root + "/run/bivouac/jobs"
        let keys = Self.keys(of: id, root: root)
        guard let key = keys.first else {
            throw Failure(.configuration, "job \(id) has no machine on this node (nothing in \(jobs))")
        }
        guard keys.count == 1 else {
            throw Failure(.configuration, "job \(id) is of several clusters on this node (in \(jobs))")
        }
        self.key = key
        directory = "\(jobs)/\(key)"
        disks = ["machines", "users"].map { root + "/var/lib/bivouac/" + $0 }
    }

    /// What root's record says of the payload: whether the image brings it, which variables of the launcher's
    /// name credentials that go to it, and where the batch system has put the script.
    func payload() throws(Failure) -> (isOfImage: Bool, credentials: [String], script: String?) {
        let record = try record()
        let names = record["credentials"]?.elements?.compactMap(\.text) ?? []
        return (
            record["payload"]?.text == PayloadSource.image.rawValue, names, record["script"]?.text
        )
    }

    /// What root's record says of the user's files; nil when none go into the machine.
    func stage() throws(Failure) -> Stage.Request? { Stage.Request(record: try record()) }

    enum Phase { case running, paused, other(String) }

    /// The machine's phase; a job that was refused or is not this user's ends here.
    func phase() throws(Failure) -> Phase {
        let record = try record()
        guard let uid = record["uid"]?.integer, uid == Int64(Process.user) else {
            throw Failure(.configuration, "job \(key) is not this user's")
        }
        switch record["phase"]?.text {
        case "running": return .running
        case "paused": return .paused
        case "refused":
            let name = record["refusal"]?["name"]?.text ?? "Refused"
            let message = record["refusal"]?["message"]?.text ?? "the record gives no reason"
            throw Failure(.configuration, "\(name): \(message)")
        case .some(let phase): return .other(phase)
        case nil: throw Failure(.configuration, "the record of job \(key) names no phase")
        }
    }

    /// Whether the machine may stand still since its disks take nothing more: root's record says so where `tick` has
    /// seen it, and the file systems may have been filled since.
    var isDiskFull: Bool {
        if let record = try? record(), record["stalled"]?.text != nil { return true }
        return disks.contains { disk in
            (try? Files.freeSpace(disk)).map { $0 < Self.leastRoom } ?? false
        }
    }

    /// Connects to the payload port of a machine that runs.
    func connect() throws(Failure) -> FileDescriptor {
        if case .other(let phase) = try phase() {
            throw Failure(.configuration, "the machine of job \(key) is not running (it is \(phase))")
        }
        let path = directory + "/payload.sock"
        guard let status = try? Files.status(path) else {
            throw Failure(.configuration, "the machine of job \(key) has no socket (\(path))")
        }
        guard status.kind == .socket, status.uid == Process.user else {
            throw Failure(.configuration, "\(path) is not this user's socket")
        }
        do throws(UnixError) {
            let socket = try Socket.connect(to: path)
            try socket.setNonBlocking()
            return socket
        } catch { throw Failure(.unavailable, "the machine of job \(key) cannot be reached: \(error)") }
    }

    /// Seconds of the agent's silence after which its machine counts as dead, as the site wants it.
    func longestSilence() throws(Failure) -> Int64 { try record()["silence"]?.integer ?? 60 }

    private func record() throws(Failure) -> JSON {
        let path = directory + "/record.json"
        let bytes: [UInt8]
        do throws(UnixError) {
            let file = try FileDescriptor.open(path, [.read, .noFollow, .nonBlocking])
            let status = try file.status()
            guard status.kind == .regular, status.uid == 0, status.mode & 0o022 == 0 else {
                throw UnixError("open", UnixError.notPermitted, path)
            }
            bytes = try file.readAll(limit: Self.longestRecord)
        } catch { throw Failure(.configuration, "the record of job \(key) cannot be read: \(error)") }
        do throws(JSONError) {
            return try JSON(parsing: bytes)
        } catch { throw Failure(.configuration, "the record of job \(key) is damaged: \(error.description)") }
    }
}
