import Command
import Unix

/// What a guest prints on its serial line, as it comes, fit for an operator's terminal.
struct ConsoleText {
    private let path: String
    private var offset: Int64 = 0
    /// Bytes of a character that is not complete: at most three.
    private var rest: [UInt8] = []

    /// The text in a file, from `last` bytes before its end on.
    init(_ path: String, last: Int64 = .max) {
        self.path = path
        offset = max(0, ((try? Files.status(path))?.size ?? 0) - last)
    }

    /// What has come since the last call, at most a mebibyte; nil when nothing has, or there is no file yet.
    ///
    /// It is empty where nothing of what has come can be shown.
    mutating func next() throws -> String? {
        guard let size = try Files.status(path)?.size else { return nil }
        // virtlogd has begun a new one.
        if size < offset { (offset, rest) = (0, []) }
        guard size > offset else { return nil }
        let bytes = try FileDescriptor.open(path, [.read, .noFollow]).read(upTo: 1 << 20, at: offset)
        guard !bytes.isEmpty else { return nil }
        offset += Int64(bytes.count)
        rest += bytes
        let text = rest.dropLast(Self.incomplete(rest))
        defer { rest.removeFirst(text.count) }
        return Self.plain(String(decoding: text, as: UTF8.self))
    }

    /// How many bytes at the end begin a character that goes on.
    private static func incomplete(_ bytes: [UInt8]) -> Int {
        guard let lead = bytes.suffix(3).lastIndex(where: { $0 & 0xC0 != 0x80 }) else { return 0 }
        let length =
            switch bytes[lead] {
            case ..<0xC0: 1
            case ..<0xE0: 2
            case ..<0xF0: 3
            default: 4
            }
        let count = bytes.count - lead
        return count < length ? count : 0
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
