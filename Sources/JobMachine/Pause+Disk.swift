internal import JSON
internal import Job
internal import Libvirt
internal import Unix

/// Machines that QEMU has stopped since the file system of their disks takes nothing more.
///
/// The write that found no room waits in QEMU and is made again when the CPUs run: nothing is lost.
extension Pause {
    /// Lets such a machine run again, which stops at once where there is still no room; as long as it is not seen to
    /// run, its record says since when it stands still.
    func goOn(_ live: inout LiveJob) throws(MachineFault) -> String? {
        let key = live.key
        let state = try state(of: live.record)
        if state?.isStoppedByDisk == true {
            let now = ending.clock()
            try live.note { $0.stalled = $0.stalled ?? now }
            try onDomain(live.record, "resume") { (domain) throws(LibvirtError) in try domain.resume() }
            do throws(MachineFault) { try places.checkRoom() } catch {
                throw .fault(
                    .node, "job \(key) stands still, its machine's disk takes nothing more: \(error)")
            }
            return "job \(key) stood still, its machine's disk took nothing more: its machine goes on"
        }
        guard let since = live.record.stalled, state?.kind == .running else { return nil }
        // Its clock lags by the time that it stood still.
        if case .wrong(let why) = setClock(live) {
            SystemLog.write(.warning, "the clock of job \(key)'s machine lags: \(why)")
        }
        try live.note { $0.stalled = nil }
        try tell("resume", live.record, by: "bivouac", [.init("stalled", .string("\(since)"))])
        return "job \(key) runs again, which stood still at \(since)"
    }
}
