internal import GuestProtocol
internal import Unix

extension Agent {
    /// The machine stood still, and its clock with it.
    mutating func set(_ clock: Clock) {
        do throws(UnixError) {
            try WallClock.set(nanoseconds: clock.nanoseconds)
            control.writer.append(.clockSet)
        } catch { console.say("clock: \(error)") }
    }

    /// Who asks without reading the answers gets no more of them.
    mutating func listProcesses() {
        guard control.writer.pending < 4096 else { return }
        control.writer.append(.processes, ProcessList(GuestProcesses.all()).body)
    }
}
