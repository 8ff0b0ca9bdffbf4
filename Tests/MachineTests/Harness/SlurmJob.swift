import Foundation
import Job
import Site
import Unix

/// A job, or an array of them, that a test submitted.
struct SlurmJob: Hashable, Sendable {
    let id: Int
    /// Script, working directory and output.
    let directory: String

    /// The job's name on the node.
    var key: String { "\(Cluster.cluster)-\(id)" }

    var place: JobDirectory {
        get throws {
            guard let key = JobKey(key) else { throw HarnessError("'\(key)' is no job key") }
            return Cluster.places.job(key)
        }
    }

    // MARK: What the controller knows

    /// The job, or the tasks of the array.
    func states(fresh: Bool = false) async throws -> [JobState] {
        func known(_ fresh: Bool) async throws -> [JobState] {
            try await JobTable.shared.jobs(fresh: fresh).filter { $0.id == id || $0.array == id }
        }
        let states = try await known(fresh)
        if !states.isEmpty { return states }
        // An answer that was under way when the job was submitted does not count.
        return try await eventually("squeue knows job \(id)", within: 600) {
            let states = try await known(true)
            return states.isEmpty ? nil : states
        }
    }

    func state() async throws -> JobState {
        guard let state = try await states().first(where: { $0.id == id }) else {
            throw HarnessError("squeue knows no job \(id)")
        }
        return state
    }

    var isOver: Bool {
        get async throws {
            let states = try await states(fresh: true)
            return states.allSatisfy(\.isOver)
        }
    }

    /// A key for each task.
    var keys: [String] {
        get async throws { try await states().map { "\(Cluster.cluster)-\($0.id)" } }
    }

    /// Waits for the end of the job and of its epilogue.
    @discardableResult
    func ended(within seconds: Int = 600) async throws -> JobState {
        try await eventually("job \(id) ends", within: seconds, every: 200) {
            let state = try await state()
            return state.isOver ? state : nil
        }
    }

    /// Waits for the end of each task of the array.
    func allEnded(within seconds: Int = 600) async throws -> [JobState] {
        try await eventually("the tasks of array \(id) end", within: seconds, every: 200) {
            let states = try await states(fresh: true)
            return states.allSatisfy(\.isOver) ? states : nil
        }
    }

    func cancel() async throws { try await signal([]) }

    /// `scancel` with these options.
    func signal(_ options: [String]) async throws {
        try await Command.require(
            ["/usr/bin/scancel"] + options + ["\(id)"], environment: Cluster.slurmEnvironment)
    }

    /// `scontrol VERB` on this job.
    func control(_ verb: String) async throws {
        try await Command.require(
            ["/usr/bin/scontrol", verb, "\(id)"], environment: Cluster.slurmEnvironment)
    }

    // MARK: What the node knows

    /// The record, nil when there is none.
    func record() throws -> [String: Any]? {
        guard let bytes = FileManager.default.contents(atPath: try place.record) else { return nil }
        return try JSONSerialization.jsonObject(with: bytes) as? [String: Any]
    }

    var phase: String? {
        get throws { try record()?["phase"] as? String }
    }

    /// Waits until the record says one of the phases.
    func reaches(_ phases: String..., within seconds: Int = 600) async throws {
        try await eventually("job \(id) is \(phases.joined(separator: " or "))", within: seconds, every: 20) {
            let phase = try phase ?? ""
            if phases.contains(phase) { return true }
            guard try await !state().isOver else {
                throw HarnessError("job \(id) ended before it was \(phases)")
            }
            return nil
        }
    }

    /// The process of the job's machine.
    func machine() async throws -> Int32? { Host.machines(of: key).first }

    // MARK: Its files

    var output: [UInt8] { bytes("\(id).out") }
    var text: String { String(decoding: output, as: UTF8.self) }
    var lines: [String] { text.split(separator: "\n").map(String.init) }
    var errors: String { String(decoding: bytes("\(id).err"), as: UTF8.self) }

    /// What stderr says that is not Slurm's own word on how the job ended.
    var complaints: [String] {
        errors.split(separator: "\n").map(String.init).filter { !$0.hasPrefix("slurmstepd: ") }
    }

    func bytes(_ name: String) -> [UInt8] {
        FileManager.default.contents(atPath: directory + "/" + name).map(Array.init) ?? []
    }

    /// Waits until the job has written something on its standard output.
    func says(_ words: String, within seconds: Int = 600) async throws {
        try await eventually("job \(id) says '\(words)'", within: seconds) {
            if text.contains(words) { return true }
            guard try await !state().isOver || text.contains(words) else {
                throw HarnessError("job \(id) ended before it said '\(words)': \(text) \(errors)")
            }
            return nil
        }
    }

    /// Waits until the job, which writes all the time, has written nothing for that long.
    func standsStill(for seconds: Int) async throws {
        var size = output.count
        var rest = Deadline(seconds: seconds)
        try await eventually("job \(id) stands still", within: 600) {
            let now = output.count
            if now != size { (size, rest) = (now, Deadline(seconds: seconds)) }
            return rest.isOver ? true : nil
        }
    }

    func removeFiles() async throws { try Files.removeTree(directory) }
}
