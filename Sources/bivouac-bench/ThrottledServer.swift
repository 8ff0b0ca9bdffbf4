internal import Job
internal import Unix

/// One file over HTTP on 127.0.0.1, over a link that all connections share; what it sent is counted.
///
/// socat listens, and this program answers each connection.
final class ThrottledServer {
    private let socat: Running
    private let directory: String
    let uri: String

    /// Bytes that one connection sends before another has its turn.
    private static let turn = 256 << 10

    init(_ file: String, rate: ByteCount, in directory: String) throws(BenchError) {
        self.directory = directory
        let port = 20_000 + Int(Deadline.now % 20_000)
        uri = "http://127.0.0.1:\(port)/image.raw"
        let answer = "\(Process.executable) part-answer \(file) \(rate.bytes) \(directory)"
        socat = try Running.start(
            [
                Programs.socat, "TCP-LISTEN:\(port),bind=127.0.0.1,reuseaddr,fork,backlog=128",
                "EXEC:\(answer)",
            ], environment: Programs.environment)
        try Programs.run([
            Programs.shell, "-c",
            "for i in 1 2 3 4 5 6 7 8 9 10; do curl -sfo /dev/null -r 0-0 \(uri) && exit 0; sleep 0.2; done; exit 1",
        ])
        try forget()
    }

    deinit { socat.kill() }

    private var log: String { directory + "/served" }

    /// Lengths of what was sent since it last forgot.
    func transfers() throws(BenchError) -> [Int] {
        let text = try BenchError.during("could not read what was served") { () throws(UnixError) in
            Files.exists(log) ? String(decoding: try Files.read(log, limit: 16 << 20), as: UTF8.self) : ""
        }
        return text.split(separator: "\n").compactMap { Int($0) }
    }

    func forget() throws(BenchError) {
        try BenchError.during("could not forget what was served") { () throws(UnixError) in
            _ = try Files.remove(log)
        }
    }

    /// One connection: a request on standard input, the answer on standard output.
    static func answer(_ words: [String]) throws(BenchError) {
        guard words.count == 3, let rate = Int(words[1]) else {
            throw .usage("part-answer is not for people")
        }
        try BenchError.during("could not answer") { () throws(UnixError) in
            let input = FileDescriptor(owning: 0)
            let output = FileDescriptor(owning: 1)
            var request: [UInt8] = []
            while !request.suffix(4).elementsEqual("\r\n\r\n".utf8) {
                let byte = try input.read(upTo: 1)
                guard !byte.isEmpty, request.count < 1 << 16 else { return }
                request += byte
            }
            let file = try FileDescriptor.open(words[0], .read)
            let size = Int(try file.status().size)
            let isProbe = String(decoding: request, as: UTF8.self).contains("bytes=0-0")
            let length = isProbe ? 1 : size
            try output.write(
                "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: \(length)\r\nETag: \"bench\"\r\n\r\n"
            )
            var sent = 0
            while sent < length {
                let bytes = try file.read(upTo: min(turn, length - sent), at: Int64(sent))
                let link = try FileLock.acquire(words[2] + "/link", before: Deadline(seconds: 600))
                try output.write(bytes)
                Deadline.sleep(milliseconds: bytes.count * 1000 / rate)
                _ = consume link
                sent += bytes.count
            }
            try FileDescriptor.open(words[2] + "/served", [.write, .create, .append]).write("\(sent)\n")
        }
    }
}
