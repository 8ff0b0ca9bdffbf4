internal import Unix

/// The one place where the benchmark waits: for processes, for libvirt's word that a domain runs, and for the
/// operator's wish to end.
final class Watch {
    private let signals: SignalQueue
    private let events: Running
    private let lines: FileDescriptor
    private var text: [UInt8] = []
    /// Processes whose end has not been seen.
    private var children: [Running]
    /// When each domain was said to run.
    private(set) var started: [String: ContinuousClock.Instant] = [:]

    /// Listens to the libvirt at this URI, with virsh(1), so that both sides are timed by the same clock.
    init(libvirt uri: String) throws(BenchError) {
        let pipe = try BenchError.during("could not make a pipe") { () throws(UnixError) in try Pipe() }
        signals = try BenchError.during("could not catch signals") { () throws(UnixError) in
            try SignalQueue([Signals.hangUp, Signals.interrupt, Signals.terminate])
        }
        events = try Running.start(
            [Programs.virsh, "-q", "-c", uri, "event", "--event", "lifecycle", "--loop"],
            environment: Programs.environment, output: pipe.writer.rawValue)
        children = [events]
        let reader = pipe.intoReader()
        try BenchError.during("could not read virsh") { () throws(UnixError) in try reader.setNonBlocking() }
        lines = reader
    }

    /// Waits until the condition holds; looks at these processes meanwhile.
    func wait(
        _ what: String, for processes: [Running] = [], seconds: Int = 300, until condition: () -> Bool
    ) throws(BenchError) {
        let deadline = Deadline(seconds: seconds)
        for process in processes { own(process) }
        while true {
            for process in processes { process.look() }
            if condition() { return }
            for process in processes { process.weigh() }
            guard !deadline.isOver else { throw .failed("\(what): nothing within \(seconds) s") }
            var poll = Poll()
            poll.add(signals.rawValue, .readable)
            poll.add(lines.rawValue, .readable)
            for case let watch? in processes.map(\.watch) { poll.add(watch, .readable) }
            poll.wait(milliseconds: 50)
            if signals.next() != nil { throw .interrupted }
            if !poll.events(lines.rawValue).isEmpty { try listen() }
        }
    }

    /// Waits until a process has ended; one that fails is an error.
    func wait(_ what: String, for process: Running, seconds: Int = 300) throws(BenchError) {
        try wait(what, for: [process], seconds: seconds) { process.finished != nil }
        guard process.succeeded else { throw .failed("\(what) failed") }
    }

    /// Whether a signal asked for the end.
    func check() throws(BenchError) { if signals.next() != nil { throw .interrupted } }

    private func listen() throws(BenchError) {
        let now = ContinuousClock.now
        let bytes = try BenchError.during("could not read virsh") { () throws(UnixError) in
            try lines.read(upTo: 1 << 16)
        }
        guard !bytes.isEmpty else { throw .failed("virsh event ended: is libvirtd still there?") }
        text += bytes
        while let end = text.firstIndex(of: UInt8(ascii: "\n")) {
            let line = String(decoding: text[..<end], as: UTF8.self)
            text.removeSubrange(...end)
            let parts = line.split(separator: "'")
            guard parts.count == 5, parts[4].hasPrefix(": Started") else { continue }
            started[String(parts[3])] = now
        }
    }

    /// Milliseconds from a moment until the domain ran.
    func running(_ domain: String, since began: ContinuousClock.Instant) -> Double {
        started[domain].map { Running.milliseconds($0 - began) } ?? .infinity
    }

    /// Sees to it that a process does not outlive the benchmark.
    func own(_ process: Running) {
        children.removeAll { $0.finished != nil }
        children.append(process)
    }

    /// Ends what still runs.
    func end() {
        for child in children { child.kill() }
        let deadline = Deadline(seconds: 10)
        while !deadline.isOver, children.contains(where: { $0.finished == nil }) {
            Deadline.sleep(milliseconds: 5)
            for child in children { child.look() }
        }
    }
}
