internal import Unix

/// A process that is measured: when it began and ended, its processor time, and the most memory it had.
final class Running {
    let began: ContinuousClock.Instant
    private var process: SpawnedProcess
    /// When it was seen to have ended, and how.
    private(set) var finished: (at: ContinuousClock.Instant, end: ProcessEnd)?
    /// Greatest resident set seen so far, in KiB.
    private(set) var peak: Int64 = 0

    private init(_ process: consuming SpawnedProcess, _ began: ContinuousClock.Instant) {
        self.process = process
        self.began = began
    }

    /// Starts a program by its absolute path with exactly this environment, under its own name or another
    /// title; its standard error is ours.
    static func start(
        _ words: [String], title: String? = nil, environment: [String], input: Int32? = nil,
        output: Int32? = nil
    ) throws(BenchError) -> Running {
        try BenchError.during("could not start \(words[0])") { () throws(UnixError) in
            let null = try FileDescriptor.open("/dev/null", .readWrite)
            let began = ContinuousClock.now
            let process = try SpawnedProcess.start(
                words[0], [title ?? words[0]] + words.dropFirst(), environment: environment,
                descriptors: [input ?? null.rawValue, output ?? null.rawValue, 2])
            return Running(process, began)
        }
    }

    var id: Int32 { process.id }
    var watch: Int32? { finished == nil ? process.rawWatch : nil }

    /// Takes note of the process's end.
    func look() {
        guard finished == nil, let end = process.end() else { return }
        finished = (ContinuousClock.now, end)
    }

    /// Takes note of the memory it has had so far: since its program began, unlike what wait4(2) tells.
    func weigh() {
        guard finished == nil else { return }
        peak = max(peak, Self.peak(ofProcess: id))
    }

    /// `VmHWM` of a process in KiB; 0 when there is none.
    static func peak(ofProcess id: Int32) -> Int64 {
        guard let file = try? FileDescriptor.open("/proc/\(id)/status", .read),
            let bytes = try? file.readAll(limit: 1 << 16)
        else { return 0 }
        for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n")
        where line.hasPrefix("VmHWM:") {
            return line.split { $0 == " " || $0 == "\t" }.dropFirst().first.flatMap { Int64($0) } ?? 0
        }
        return 0
    }

    /// Milliseconds from its start to its end.
    var duration: Double { finished.map { Self.milliseconds($0.at - began) } ?? .infinity }

    /// Milliseconds of its processor time, that of the children it waited for included.
    var processorTime: Double { Double(process.processorTime) / 1000 }

    var succeeded: Bool { finished?.end == .exited(0) }

    /// Ends it, if it runs.
    func kill() {
        look()
        if finished == nil { Signals.send(Signals.kill, to: id) }
    }

    static func milliseconds(_ span: Duration) -> Double {
        Double(span.components.seconds) * 1000 + Double(span.components.attoseconds) / 1e15
    }
}
