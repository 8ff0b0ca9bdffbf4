import Evidence
import GuestProtocol
import Job
import Libvirt
import Site
import Unix

extension Ending {
    /// Milliseconds for the agent's last word, which is only told.
    private static let wordLimit = 500
    /// The end of the year 9999, behind which no time has a text.
    private static let lastMoment: UInt64 = 253_402_300_799

    /// What the agent says of the payload before the machine ends: when it began, and when the scheduler's TERM came,
    /// which the exit of the job does not tell, since Slurm gives a cancelled one 0.
    func lastWord(_ live: borrowing LiveJob) -> Ready? {
        guard live.record.phase == .running else { return nil }
        let socket = live.directory.controlSocket
        let answer = try? ControlPort.connect(socket).greeting(before: Deadline(milliseconds: Self.wordLimit))
        guard case .value(let ready) = answer else { return nil }
        return ready
    }

    /// A moment of the guest's clock; nil for none.
    static func moment(_ seconds: UInt64) -> Timestamp? {
        (1...lastMoment).contains(seconds) ? Timestamp(seconds: Int64(seconds)) : nil
    }

    /// Lets an image's own payload finish: the machine's power button is pressed, once, and from then on it has the
    /// grace of its queue to end by itself.
    ///
    /// Only for an image that brings its own payload: then what ran for the job are services of the image, which
    /// may have something to finish. The payload of a job has ended by now, and one of an image that may not run any
    /// more is not asked. False where time is left and nobody `waits`; whatever goes wrong, the machine is destroyed
    /// next.
    func powerOff(_ live: inout LiveJob, waits: Bool) -> Bool {
        let record = live.record
        guard record.payload == .image, let grace = record.lifetime?.grace, grace > 0,
            record.ending?.cause != EndCause.revoked.name, record.times["stopped"] == nil
        else { return true }
        do throws(LibvirtError) {
            let connection = try Connection.open(site)
            if record.times["power"] == nil {
                guard let domain = try connection.lookup(uuid: record.uuid),
                    try domain.state().kind == .running
                else { return true }
                // One that obeys leaves nobody to be asked.
                let usage = try? domain.usage(limit: Self.statisticsLimit)
                try domain.shutdown()
                let now = clock()
                note(&live) {
                    $0.times["power"] = now
                    $0.ending?.usage = usage
                }
            }
            let passed = live.record.times["power"].map { clock() - $0 } ?? 0
            let deadline = Deadline(seconds: grace - Int(min(max(0, passed), Int64(grace))))
            while try connection.lookup(uuid: record.uuid) != nil {
                if deadline.isOver { return true }
                guard waits else { return false }
                Deadline.sleep(milliseconds: 200)
            }
            let now = clock()
            note(&live) { $0.times["off"] = now }
        } catch { SystemLog.write(.warning, "machine \(record.domain): power button: \(error)") }
        return true
    }
}
