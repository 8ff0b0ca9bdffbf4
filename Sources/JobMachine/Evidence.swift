import Job
import Policy

extension Prologue {
    func recordStart(
        _ job: Job, _ admission: Admission, _ parts: MachineParts, _ live: inout LiveJob
    ) throws(MachineFault) {}
}

extension Ending {
    func capture(_ record: Record, _ name: MachineName, _ usage: Usage?, _ cause: EndCause) throws(MachineFault) {}
    func runWithoutRecord(_ name: MachineName) throws(MachineFault) { _ = try stop(name) }
}
