internal import JSON
internal import Job
internal import Unix

/// The jobs that MOM has on this node, as the hook's exechost_periodic event tells them: no question to the server.
struct OpenPBSJobs: SchedulerCommands {
    /// The variable in which the hook tells `bivouac tick` of them: an array of events.
    static let variable = "BIVOUAC_OPENPBS_JOBS"
    /// The resource of a vnode that holds our features.
    static let resource = "bivouac_image"

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

    /// Answers the hook that asked: it gives the vnode these values of our resource, and MOM sends them to the server,
    /// which cannot be asked what it has.
    func publish(_ features: [String], of node: String) throws(BatchError) -> Bool {
        guard told != nil else {
            throw BatchError(.node, "only the hook's exechost_periodic event can tell the server of images")
        }
        Process.print("\(JSON.object([.init(Self.resource, .array(features.map { .string($0) }))]))\n")
        return true
    }
}
