internal import Job
internal import NameService
internal import Unix

/// Questions to Torque's server, each one bounded `qstat`.
///
/// Only its XML is read: in its other forms a job's own text can look like another job.
struct TorqueCommand: SchedulerCommands {
    /// Where Torque's packages, a build from source and the usual site prefixes put the commands.
    static let directories = [
        "/usr/bin", "/usr/local/bin", "/opt/torque/bin", "/usr/local/torque/bin",
    ]
    /// What qstat says of a job that the server has forgotten.
    private static let forgotten = "qstat: Unknown Job Id"

    /// The server's name; nil for the node's own default.
    let server: String?
    let program: BatchProgram

    init(server: String?, seconds: Int = 5, directories: [String] = Self.directories) {
        self.server = server
        program = BatchProgram(
            directories: directories, environment: ["PATH=/usr/bin:/bin", "TZ=UTC", "LC_ALL=C"],
            seconds: seconds)
    }

    /// Begins to ask what one job asked for.
    func ask(about job: String) -> Result<TorqueStatus, BatchError> {
        do throws(BatchError) {
            return .success(TorqueStatus(program, try program.start("qstat", ["-f", "-x", job])))
        } catch {
            return .failure(error)
        }
    }

    /// Jobs that are absent were named by the server as unknown; an answer that says less is none.
    package func states(of jobs: [JobID], at now: Timestamp) throws(BatchError) -> [JobID: JobState] {
        guard !jobs.isEmpty else { return [:] }
        let answer = try program.run(
            "qstat", ["-f", "-x"] + jobs.map { job in server.map { "\(job).\($0)" } ?? job.description })
        let errors = String(decoding: answer.errors, as: UTF8.self).split(separator: "\n")
        guard case .exited = answer.end, errors.allSatisfy({ $0.hasPrefix(Self.forgotten) }) else {
            throw program.failure("qstat", answer)
        }
        var states: [JobID: JobState] = [:]
        for element in try PBSDocument(String(decoding: answer.output, as: UTF8.self)).jobs {
            guard let id = element.value("Job_Id").flatMap({ JobID(pbs: $0) }) else { continue }
            states[id] = JobState(torque: element)
        }
        let unknown = Set(
            errors.compactMap { $0.split(separator: " ").last.flatMap { JobID(pbs: String($0)) } })
        for job in jobs where states[job] == nil && !unknown.contains(job) {
            throw BatchError(.node, "qstat did not say what became of job \(job)")
        }
        return states
    }

    /// The jobs that wait in these queues, by one `qstat` that may take half a minute.
    package func waiting(in queues: [String]) throws(BatchError) -> [WaitingJob] {
        guard !queues.isEmpty else { return [] }
        // A whole queue takes longer than a job.
        let patient = TorqueCommand(server: server, seconds: 30).program
        let names = queues.map { queue in server.map { "\(queue)@\($0)" } ?? queue }
        let answer = try patient.run("qstat", ["-f", "-x"] + names, outputLimit: 32 << 20)
        guard answer.succeeded else { throw patient.failure("qstat", answer) }
        return try WaitingJob.list(torque: String(decoding: answer.output, as: UTF8.self)) {
            NameService.account(named: $0, withGroups: false)?.uid
        }
    }
}

/// A question about one job that is under way.
struct TorqueStatus: ~Copyable {
    private let program: BatchProgram
    private var child: Child

    init(_ program: BatchProgram, _ child: consuming Child) {
        self.program = program
        self.child = child
    }

    /// The job, as the server has it.
    consuming func answer() throws(BatchError) -> PBSDocument.Element {
        let answer = try program.answer(of: &child, "qstat")
        guard answer.succeeded else { throw program.failure("qstat", answer) }
        guard let job = try PBSDocument(String(decoding: answer.output, as: UTF8.self)).jobs.first else {
            throw BatchError(.node, "qstat told nothing of the job")
        }
        return job
    }
}

extension PBSResources {
    /// Of a job in an answer of qstat.
    init(_ job: PBSDocument.Element) {
        let list = job.children.first { $0.name == "Resource_List" }?.children ?? []
        self.init(Dictionary(list.map { ($0.name, $0.text) }) { first, _ in first })
    }
}

extension JobState {
    /// From an answer of qstat, whose states are single letters.
    init(torque job: PBSDocument.Element) {
        let stage: Stage =
            switch job.value("job_state") {
            case "R": .running
            case "C", "Q", "H", "W": .away
            default: .busy
            }
        self.init(
            stage, attempt: nil,
            limit: PBSResources(job).walltime.map { .after($0) } ?? .never)
    }
}
