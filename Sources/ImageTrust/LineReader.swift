/// Lines of a text that end in LF or CRLF, without their ends.
struct LineReader {
    private let bytes: ArraySlice<UInt8>
    /// Where the next line begins.
    private(set) var position: Int

    init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
        position = bytes.startIndex
    }

    /// The next line; nil at the end of the text.
    mutating func next() -> ArraySlice<UInt8>? {
        guard position < bytes.endIndex else { return nil }
        let rest = bytes[position...]
        let end = rest.firstIndex(of: 0x0A) ?? bytes.endIndex
        var line = bytes[position..<end]
        if end < bytes.endIndex {
            position = end + 1
            // As OpenSSL does, so that a line end that was converted twice is still one line end.
            while line.last == 0x0D { line.removeLast() }
        } else {
            position = end
        }
        return line
    }
}
