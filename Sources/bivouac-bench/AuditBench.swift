internal import Digest
internal import JSON
internal import Job
internal import Unix

/// What looking back costs: the check of a long audit log, and a question to it against grep.
struct AuditBench {
    static let help = """
        usage: bivouac-bench audit [--machines N] [--samples N] [--json]

        Makes an audit log of N machines of the past, four lines each, below /tmp, and measures `bivouac audit verify`
        and `bivouac job list --where` on it, the latter against grep -F on the same file. Needs root.

          --machines N   machines in the log, 1000 to 1000000 (default: 100000, which take 400 MB)
          --samples N    measurements of each kind, 1 to 99 (default: 5)
          --json         the table as JSON

        Exit status as of bivouac-bench job.

        """

    private var machines = 100_000
    private var samples = 5
    private(set) var json = false
    private let bivouac = Files.parent(Process.executable) + "/bivouac"
    private let scratch = "/tmp/bivouac-bench-audit-\(Process.id)"
    private var file: String { scratch + "/var/log/bivouac/audit.jsonl" }

    /// Reads what stands behind `audit`.
    init(_ arguments: ArraySlice<String>) throws(BenchError) {
        var rest = arguments
        while let option = rest.popFirst() {
            if option == "--json" {
                json = true
                continue
            }
            guard let count = rest.popFirst().flatMap({ Int($0) }) else {
                throw .usage("\(option) is unknown or needs a number")
            }
            switch (option, count) {
            case ("--machines", 1000...1_000_000): machines = count
            case ("--samples", 1...99): samples = count
            default: throw .usage("\(option) \(count)")
            }
        }
    }

    /// Everything that is made is removed.
    func run() throws(BenchError) -> [Row] {
        defer { try? Files.removeTree(scratch) }
        let bytes = try makeLog()
        let question = ["job", "list", "--json", "--where"]
        var verify: [Double] = []
        var (one, grepOne): ([Double], [Double]) = ([], [])
        var (user, grepUser): ([Double], [Double]) = ([], [])
        var time: [Double] = []
        for _ in 0..<samples {
            verify.append(Double(bytes) / 1000 / (try measure([bivouac, "audit", "verify"])))
            one.append(try measure([bivouac] + question + ["uuid=\(Self.uuid(machines / 3))"]))
            grepOne.append(try measure(grep("\"uuid\":\"\(Self.uuid(machines / 3))\"")))
            user.append(try measure([bivouac] + question + ["user=user77"]))
            grepUser.append(try measure(grep("\"user\":\"user77\"")))
            time.append(try measure([bivouac] + question + ["time=\(Self.moment(machines / 2))"]))
        }
        return [
            Row("audit verify, against 100 MB/s", "MB/s", verify, against: [100], .ratioAtLeast(1)),
            Row("\(machines) machines: one, by uuid", "ms", one, against: grepOne, .ratioAtMost(3)),
            Row("all of one user in 1000", "ms", user, against: grepUser, .ratioAtMost(3)),
            Row("all that ran at one moment", "ms", time, .none),
        ]
    }

    private func grep(_ text: String) -> [String] { ["/bin/grep", "-F", text, file] }

    private func measure(_ words: [String]) throws(BenchError) -> Double {
        let output = try BenchError.during("could not write") { () throws(UnixError) in
            try FileDescriptor.open(scratch + "/output", [.write, .create, .truncate])
        }
        let running = try Running.start(
            words, environment: Programs.environment + ["LC_ALL=C", "BIVOUAC_ROOT=" + scratch],
            output: output.rawValue)
        let deadline = Deadline(seconds: 120)
        while running.finished == nil, !deadline.isOver {
            var poll = Poll()
            if let watch = running.watch { poll.add(watch, .readable) }
            poll.wait(milliseconds: 100)
            running.look()
        }
        running.kill()
        guard running.succeeded else { throw .failed("\(words.joined(separator: " ")) failed") }
        return running.duration
    }

    // MARK: The log

    private static func uuid(_ machine: Int) -> String {
        let digits = String(machine, radix: 16)
        return "9e1fc360-15e7-81a8-b5d8-" + String(repeating: "0", count: 12 - digits.count) + digits
    }

    /// A machine is started every seven seconds and lives an hour.
    private static func moment(_ machine: Int) -> Timestamp {
        Timestamp(seconds: 1_790_000_000 + Int64(machine) * 7)
    }

    /// The lines of a node with 500 machines at a time, and as long as they are; how many bytes.
    private func makeLog() throws(BenchError) -> Int {
        try BenchError.during("could not write \(file)") { () throws(UnixError) in
            try Files.makeDirectories(Files.parent(file), mode: 0o700)
            let log = try FileDescriptor.open(file, [.write, .create, .exclusive])
            var chain = Chain()
            for index in 0..<(machines + 500) {
                if index < machines {
                    for name in ["admission", "start", "ready"] {
                        chain.add(name, fields(index, name), Self.moment(index))
                    }
                }
                if index >= 500 { chain.add("end", fields(index - 500, "end"), Self.moment(index)) }
                if chain.bytes.count > 1 << 20 { try log.write(chain.take()) }
            }
            try log.write(chain.take())
            return Int(try log.status().size)
        }
    }

    private func fields(_ index: Int, _ event: String) -> [JSON.Member] {
        let digest = Sha512.digest(Array("\(index % 20)".utf8)).description
        let texts = [
            ("queue", "vm"), ("project", "demo"), ("node", "node-17.example.org"), ("image", "demo/minimal"),
            ("sha512", digest), ("identifier", "5a5e1e5c-8a52-4c0f-9d6c-7d0d6a1f0002"), ("list", "demo"),
            ("listVersion", "2026.11.21.1"), ("vo", "vo\(index % 7)"), ("endorser", "eve"),
            ("domain", "bivouac-demo-\(index).0"), ("uuid", Self.uuid(index)), ("account", "bivouac-vm7"),
            ("virtualization", "kvm"), ("evidence", "2026-11-21/demo-\(index).0"),
        ]
        return [
            .init("job", .string("demo-\(index)")), .init("attempt", .integer(0)),
            .init("user", .string("user\(index % 1000)")),
            .init("uid", .integer(Int64(10_000 + index % 1000))),
        ] + texts.map { JSON.Member($0.0, .string($0.1)) }
            + (event == "end" ? [.init("cause", .string("epilogue")), .init("exit", .string("0:0"))] : [])
    }

    /// Lines as the documentation of the log has them.
    private struct Chain {
        var bytes: [UInt8] = []
        private var sequence = 0
        private var previous = String(repeating: "0", count: 64)

        mutating func add(_ event: String, _ fields: [JSON.Member], _ time: Timestamp) {
            sequence += 1
            let body =
                "{\"seq\":\(sequence),\"previous\":\"\(previous)\",\"time\":\"\(time)\","
                + "\"event\":\"\(event)\",\"fields\":\(JSON.object(fields))"
            previous = Sha256.hex(Array(body.utf8))
            bytes += Array("\(body),\"hash\":\"\(previous)\"}\n".utf8)
        }

        mutating func take() -> [UInt8] {
            defer { bytes.removeAll(keepingCapacity: true) }
            return bytes
        }
    }
}
