internal import GuestProtocol
internal import Job
internal import Staging
internal import Unix

/// The user's files on their way into the machine and back.
struct Exchange: ~Copyable {
    /// Seconds between two lines about a transfer that takes longer.
    private static let interval = 10

    private let stage: Stage
    private var sender: TreeSender
    private var receiver: TreeReceiver
    private var isStopTold = false
    private var nextLine = Deadline(seconds: Exchange.interval)
    private var isReturning = false

    init(_ stage: Stage) {
        self.stage = stage
        sender = TreeSender(stage.places, leavingOut: stage.kept, notingIn: stage.sent)
        receiver = TreeReceiver(
            .returned, into: stage.places, .aside, limit: stage.limit.bytes, keeping: stage.kept,
            removing: stage.sent)
    }

    /// Whether everything is on its way into the machine.
    var isSent: Bool { sender.isDone }

    /// Adds the next frame, when there is something to tell already.
    mutating func next(into writer: inout FrameWriter) {
        writer.append(.sent) { sender.fill(&$0, $1) }
        if sender.isDone {
            for line in sender.complaints.lines { Process.report("bivouac: not in the machine: \(line)") }
            tellMore(sender.complaints)
        } else {
            progress("\(sender.content >> 20) of \(stage.order.size >> 20) MiB are in the machine")
        }
    }

    /// Takes the body of a `returned` frame; true when the machine is to send no more.
    mutating func take(_ bytes: [UInt8], _ body: Range<Int>) throws(ProtocolError) -> Bool {
        if !isReturning {
            isReturning = true
            nextLine = Deadline(seconds: Self.interval)
        }
        // What is still under way when nothing more is wanted.
        guard !isStopTold else { return false }
        try receiver.take(bytes, body)
        progress("\(receiver.content >> 20) MiB have come back")
        isStopTold = receiver.stop != nil
        return isStopTold
    }

    private mutating func progress(_ text: String) {
        guard nextLine.isOver else { return }
        nextLine = Deadline(seconds: Self.interval)
        Process.report("bivouac: working directory: \(text)")
    }

    private func tellMore(_ complaints: Complaints) {
        let more = complaints.count - complaints.lines.count
        if more > 0 { Process.report("bivouac: and \(more) more") }
    }

    /// Says what did not come back, and how the job ends: a payload that ended well has failed if its results
    /// are not here.
    func conclude(_ end: ProcessEnd) -> ProcessEnd {
        for line in receiver.complaints.lines { Process.report("bivouac: not brought back: \(line)") }
        tellMore(receiver.complaints)
        switch receiver.stop {
        case .limit:
            Process.report(
                "bivouac: what the job left is more than workdir_limit = \"\(stage.limit)\" of its queue: the rest "
                    + "is not brought back")
        case .disk: Process.report("bivouac: the rest is not brought back")
        case nil:
            if !receiver.isDone { Process.report("bivouac: the machine did not send back what the job left") }
        }
        let isWhole =
            receiver.isDone && receiver.isWhole && receiver.complaints.count == 0 && receiver.stop == nil
        guard !isWhole, end == .exited(0) else { return end }
        return .exited(UInt8(Failure.Status.incomplete.rawValue))
    }
}
