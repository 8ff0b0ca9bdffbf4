internal import GuestProtocol
internal import Unix

/// One end of a byte stream to the host, whose other end may come and go.
///
/// While nobody is connected to a virtio-serial port, poll(2) says "hung up" at once and for ever; then the
/// port is watched for a change instead, so that waiting costs nothing.
struct Port: ~Copyable {
    private let file: FileDescriptor
    private let watch: ChangeWatch
    private(set) var isConnected: Bool
    /// Somebody has connected whom nothing was said to yet.
    private var hasNewcomer: Bool
    /// What this one says is not listened to any more.
    private var isRefused = false
    var reader: FrameReader
    var writer = FrameWriter()

    /// The descriptor is the port's alone and never waits.
    init(_ file: consuming FileDescriptor, accepting kinds: Set<FrameKind>) throws(UnixError) {
        watch = try ChangeWatch(file.rawValue)
        isConnected = !Poll.now(file.rawValue, .readable).contains(.hangUp)
        hasNewcomer = isConnected
        reader = FrameReader(accepting: kinds)
        self.file = file
    }

    var rawValue: Int32 { file.rawValue }

    /// Adds what there is to wait for.
    func add(to poll: inout Poll) {
        if isConnected {
            poll.add(file.rawValue, writer.isFree ? .readable : [.readable, .writable])
        } else {
            poll.add(watch.rawValue, .readable)
        }
    }

    enum Change { case none, readable, disconnected }

    /// What the last wait brought.
    mutating func change(in poll: Poll) -> Change {
        if isConnected {
            let events = poll.events(file.rawValue)
            if events.contains(.readable) { return .readable }
            return events.contains(.hangUp) || events.contains(.error) ? .disconnected : .none
        }
        if poll.events(watch.rawValue).contains(.readable) { look() }
        return .none
    }

    /// Whether somebody has connected since the last call.
    mutating func takeNewcomer() -> Bool {
        defer { hasNewcomer = false }
        return hasNewcomer
    }

    private mutating func look() {
        watch.clear()
        isConnected = !Poll.now(file.rawValue, .readable).contains(.hangUp)
        hasNewcomer = isConnected
    }

    /// Reads once; `.end` when the other side is gone.
    mutating func fill() -> Transfer.Outcome {
        guard let outcome = try? reader.fill(from: file.rawValue) else { return .end }
        if isRefused { reader.reset() }
        return outcome
    }

    /// Writes what waits, as far as that goes; false when the other side is gone.
    mutating func flush() -> Bool {
        guard isConnected else { return true }
        guard let outcome = try? writer.flush(to: file.rawValue) else { return false }
        return outcome != .end
    }

    /// Drops everything that comes from now on: this one has said what it must not.
    mutating func refuse() {
        isRefused = true
        reader.reset()
    }

    /// Forgets the conversation: whoever comes next begins anew.
    mutating func disconnect() {
        reader.reset()
        writer.reset()
        isRefused = false
        // The next one may be there already, and no further change would tell.
        look()
    }
}
