import Command
import Unix

/// What a guest prints on its serial line, as it comes, fit for an operator's terminal.
struct ConsoleText {
    private let path: String
    private var offset: Int64 = 0
    /// Bytes of a character that is not complete.
    private var rest: [UInt8] = []

    init(_ path: String) { self.path = path }

    /// What has come since the last call, at most a mebibyte; empty when nothing has, or there is no file yet.
    mutating func next() throws -> String {
        guard let size = try Files.status(path)?.size else { return "" }
        // virtlogd has begun a new one.
        if size < offset { offset = 0 }
        guard size > offset else { return "" }
        let bytes = try FileDescriptor.open(path, [.read, .noFollow]).read(upTo: 1 << 20, at: offset)
        offset += Int64(bytes.count)
        rest += bytes
        let end = (rest.lastIndex { $0 & 0xC0 != 0x80 }).map { rest[$0] < 0x80 ? $0 + 1 : $0 } ?? rest.count
        defer { rest.removeFirst(end) }
        return Self.plain(String(decoding: rest[..<end], as: UTF8.self))
    }

    /// A guest's text must not drive the operator's terminal.
    static func plain(_ text: String) -> String {
        String(
            String.UnicodeScalarView(
                text.unicodeScalars.filter { $0 == "\n" || $0 == "\t" || !$0.properties.isControl }))
    }
}

extension Unicode.Scalar.Properties {
    fileprivate var isControl: Bool { generalCategory == .control || generalCategory == .format }
}
