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

    /// When the scheduler's TERM came to the payload, by its guest's word; the exit of the job does not tell, since
    /// Slurm gives a cancelled one 0.
    func terminated(_ live: borrowing LiveJob, _ cause: EndCause) -> Timestamp? {
        guard case .epilogue = cause, live.record.phase == .running else { return nil }
        let socket = live.directory.controlSocket
        let answer = try? ControlPort.connect(socket).greeting(before: Deadline(milliseconds: Self.wordLimit))
        guard case .value(let ready) = answer, (1...Self.lastMoment).contains(ready.terminated) else {
            return nil
        }
        return Timestamp(seconds: Int64(ready.terminated))
    }

    /// Presses the machine's power button and waits a while for it to end by itself.
    ///
    /// Only for an image that brings its own payload: then what ran for the job are services of the image, which
    /// may have something to finish. The payload of a job has ended by now. Whatever goes wrong, the machine is
    /// destroyed next.
    func pressPowerButton(_ live: inout LiveJob) {
        let record = live.record
        guard record.payload == .image, let grace = record.lifetime?.grace, grace > 0 else { return }
        do throws(LibvirtError) {
            let connection = try Connection.open(site)
            guard let domain = try connection.lookup(uuid: record.uuid),
                try domain.state().kind == .running
            else { return }
            try domain.shutdown()
            tell(&live, "power")
            let deadline = Deadline(seconds: grace)
            while !deadline.isOver {
                guard try connection.lookup(uuid: record.uuid) != nil else { return tell(&live, "off") }
                Deadline.sleep(milliseconds: 200)
            }
        } catch { SystemLog.write(.warning, "machine \(record.domain): power button: \(error)") }
    }

    private func tell(_ live: inout LiveJob, _ step: String) {
        let now = clock()
        note(&live) { $0.times[step] = now }
    }
}
