internal import GuestProtocol
internal import Unix

/// A launch order and its script while they arrive; the script goes straight to its file.
struct Upload: ~Copyable {
    private let identity: Identity
    private var orderLeft: Int
    private var scriptLeft: Int
    private var bytes: [UInt8] = []
    private var order: LaunchOrder?
    private var script: FileDescriptor?
    /// What went wrong on this side; the rest is taken and dropped.
    private(set) var failure: AgentError?

    init(_ begin: Begin, for identity: Identity) {
        self.identity = identity
        orderLeft = begin.orderLength
        scriptLeft = begin.scriptLength
    }

    /// Takes the body of a `part` frame; the order once everything is there and the script's file is closed.
    mutating func take(_ source: [UInt8], _ body: Range<Int>) throws(ProtocolError) -> LaunchOrder? {
        guard body.count <= orderLeft + scriptLeft else { throw .overrun(.part) }
        let own = min(orderLeft, body.count)
        if own > 0 {
            bytes += source[body.prefix(own)]
            orderLeft -= own
            if orderLeft == 0 { try openScript() }
        }
        let rest = body.dropFirst(own)
        if !rest.isEmpty {
            write(Array(source[rest]))
            scriptLeft -= rest.count
        }
        guard orderLeft == 0, scriptLeft == 0 else { return nil }
        // A file that is open for writing cannot be executed.
        script = nil
        return order
    }

    private mutating func openScript() throws(ProtocolError) {
        let order = try LaunchOrder(parsing: bytes)
        bytes = []
        self.order = order
        guard let mode = order.scriptMode, let path = order.scriptPath ?? BytePath(order.arguments[0])
        else {
            guard scriptLeft == 0 else { throw .badBody(.part, "a script that has no place") }
            return
        }
        do throws(AgentError) {
            script = try Placement.makeScript(path, mode: mode, for: identity)
        } catch { failure = error }
    }

    private mutating func write(_ bytes: [UInt8]) {
        guard failure == nil else { return }
        do throws(UnixError) {
            switch script {
            case .some(let script): try script.write(bytes)
            case nil: break
            }
        } catch { failure = .failed("the script", error) }
    }
}
