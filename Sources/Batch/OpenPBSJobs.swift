internal import JSON
internal import Job

/// The jobs that MOM has on this node, as the hook's exechost_periodic event tells them: no question to the server.
struct OpenPBSJobs: SchedulerCommands {
    /// The variable in which the hook tells `bivouac tick` of them: an array of events.
    static let variable = "BIVOUAC_OPENPBS_JOBS"

    /// Nil when nobody told.
    let told: String?

    func states(of jobs: [JobID], at now: Timestamp) throws(BatchError) -> [JobID: JobState] {
        guard let told else {
            throw BatchError(.node, "only the hook's exechost_periodic event can tell which jobs MOM has")
        }
        let events: [JSON]?
        do throws(JSONError) {
            events = try JSON(parsing: Array(told.utf8)).elements
        } catch {
            throw BatchError(.site, "\(Self.variable) cannot be read: \(error)")
        }
        guard let events else { throw BatchError(.site, "\(Self.variable) is no array") }
        var states: [JobID: JobState] = [:]
        for event in events {
            let event = try OpenPBSEvent(event)
            states[event.job] = JobState(
                event.isStarted ? .running : .busy, attempt: event.attempt,
                limit: event.walltime.map { .after($0) } ?? .never)
        }
        return states
    }
}
