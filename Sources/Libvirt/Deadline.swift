import CDeadline
import CLibvirt

/// How long one call to libvirt may take, and which sockets it waits on.
///
/// libvirt's calls take no deadline and wait for ever on a daemon that is stopped. When the time is over the
/// connection's sockets are shut down: the call fails, and so does every later one on that connection.
struct Deadline {
    private let sockets: deadline_set
    let milliseconds: Int

    /// Makes a connection's deadline and the connection in one, since the sockets appear during the call.
    static func opening<Result>(
        _ call: String, milliseconds: Int, _ body: () -> Result?
    ) throws(LibvirtError) -> (Result, Deadline) {
        var sockets = deadline_set()
        unsafe deadline_all_but_sockets(&sockets)
        let result = try Deadline(sockets: sockets, milliseconds: milliseconds).value(call, body)
        unsafe deadline_keep_sockets(&sockets)
        return (result, Deadline(sockets: sockets, milliseconds: milliseconds))
    }

    /// The same for a call that is to take no longer than that.
    func shorter(_ limit: Int) -> Deadline {
        Deadline(sockets: sockets, milliseconds: min(limit, milliseconds))
    }

    /// The result of a call that returns null on failure.
    func value<Result>(_ call: String, _ body: () -> Result?) throws(LibvirtError) -> Result {
        // Without a timer the call could wait for ever: it is not made.
        guard arm() else {
            throw LibvirtError(code: .systemError, message: "no timer for its deadline", call: call)
        }
        guard let result = body() else { throw failure(call) }
        _ = deadline_disarm()
        return result
    }

    /// The result of a call that returns a negative number on failure.
    @discardableResult
    func number(_ call: String, _ body: () -> Int32) throws(LibvirtError) -> Int32 {
        try value(call) {
            let number = body()
            return number < 0 ? nil : number
        }
    }

    /// Makes a call whose failure does not matter, one that gives a handle back.
    func quietly(_ body: () -> Int32) {
        guard arm() else { return }
        _ = body()
        _ = deadline_disarm()
    }

    private func arm() -> Bool {
        unsafe withUnsafePointer(to: sockets) { unsafe deadline_arm($0, milliseconds) } == 0
    }

    private func failure(_ call: String) -> LibvirtError {
        let error = LibvirtError(last: call)
        guard deadline_disarm() != 0 else { return error }
        return LibvirtError(code: .timedOut, message: "waited \(milliseconds) ms", call: call)
    }
}
