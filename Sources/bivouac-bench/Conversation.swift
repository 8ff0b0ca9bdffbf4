internal import Unix

/// A process with both of its ends in our hands.
struct Conversation: ~Copyable {
    let process: Running
    private var input: FileDescriptor?
    private let output: FileDescriptor

    /// The process is started with these as its standard input and output.
    init(_ start: (Int32, Int32) throws(BenchError) -> Running) throws(BenchError) {
        let input = try BenchError.during("could not make a pipe") { () throws(UnixError) in try Pipe() }
        let output = try BenchError.during("could not make a pipe") { () throws(UnixError) in try Pipe() }
        process = try start(input.reader.rawValue, output.writer.rawValue)
        let writer = input.intoWriter()
        self.input = consume writer
        self.output = output.intoReader()
    }

    func say(_ text: String) throws(BenchError) {
        switch input {
        case .some(let input):
            try BenchError.during("could not write to a process") { () throws(UnixError) in
                try input.write(text)
            }
        case nil: break
        }
    }

    /// The next bytes.
    func hear(_ watch: Watch) throws(BenchError) -> [UInt8] {
        let deadline = Deadline(seconds: 300)
        while true {
            try watch.check()
            let bytes = try BenchError.during("could not read from a process") {
                () throws(UnixError) -> [UInt8]? in
                try Socket.waitReadable(output, before: deadline.orSooner(seconds: 1))
                    ? try output.read(upTo: 1 << 16) : nil
            }
            if let bytes {
                guard !bytes.isEmpty else { throw .failed("a process closed its output before all had come") }
                return bytes
            }
            guard !deadline.isOver else { throw .failed("a process said nothing for 300 s") }
        }
    }

    /// Ends its input.
    mutating func hangUp() { input = nil }
}
