import Job
import Libvirt
import Unix

extension Ending {
    /// Presses the machine's power button and waits a while for it to end by itself.
    ///
    /// Only for an image that brings its own payload: then what ran for the job are services of the image, which
    /// may have something to finish. The payload of a job has ended by now. Whatever goes wrong, the machine is
    /// destroyed next.
    func pressPowerButton(of record: Record) {
        guard record.payload == .image, let grace = record.lifetime?.grace, grace > 0 else { return }
        let deadline = Deadline(seconds: grace)
        do throws(LibvirtError) {
            let connection = try Connection.open(site)
            guard let domain = try connection.lookup(uuid: record.uuid),
                try domain.state().kind == .running
            else { return }
            try domain.shutdown()
            while !deadline.isOver, try connection.lookup(uuid: record.uuid) != nil {
                Deadline.sleep(milliseconds: 200)
            }
        } catch { SystemLog.write(.warning, "machine \(record.domain): power button: \(error)") }
    }
}
