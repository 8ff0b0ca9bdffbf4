/// Reads the fields of a frame's body one after the other; all numbers are little endian.
struct FieldReader {
    let bytes: [UInt8]
    private var position: Int
    private let end: Int

    /// Why a body cannot be read.
    struct Malformed: Error { let what: String }

    init(_ bytes: [UInt8], _ range: Range<Int>) {
        self.bytes = bytes
        position = range.lowerBound
        end = range.upperBound
    }

    init(_ bytes: [UInt8]) { self.init(bytes, bytes.indices) }

    mutating func number<Number: FixedWidthInteger>(_ type: Number.Type) throws(Malformed) -> Number {
        let size = MemoryLayout<Number>.size
        guard end - position >= size else { throw Malformed(what: "a field cut short") }
        var value: Number = 0
        for offset in (0..<size).reversed() { value = value << 8 | Number(bytes[position + offset]) }
        position += size
        return value
    }

    /// A byte string with its length in front.
    mutating func string(limit: Int) throws(Malformed) -> [UInt8] {
        Array(bytes[try range(limit: limit)])
    }

    /// Where a byte string with its length in front lies.
    mutating func range(limit: Int) throws(Malformed) -> Range<Int> {
        let length = Int(try number(UInt32.self))
        guard length <= limit else { throw Malformed(what: "a field of \(length) bytes") }
        return try range(length)
    }

    /// Where a byte string with its length in one byte in front lies.
    mutating func shortRange() throws(Malformed) -> Range<Int> { try range(Int(try number(UInt8.self))) }

    private mutating func range(_ length: Int) throws(Malformed) -> Range<Int> {
        guard end - position >= length else { throw Malformed(what: "a field cut short") }
        defer { position += length }
        return position..<position + length
    }

    /// A line of printable ASCII with its length in front.
    mutating func text(limit: Int) throws(Malformed) -> String {
        let bytes = try string(limit: limit)
        guard bytes.allSatisfy({ (0x20..<0x7F).contains($0) }) else {
            throw Malformed(what: "a text that is not printable ASCII")
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// A count of elements, of which each takes at least `size` bytes: never more than can follow.
    mutating func count(ofSize size: Int) throws(Malformed) -> Int {
        let count = Int(try number(UInt32.self))
        guard count <= (end - position) / size else { throw Malformed(what: "a count of \(count)") }
        return count
    }

    var isAtEnd: Bool { position == end }

    func finish() throws(Malformed) {
        guard position == end else { throw Malformed(what: "bytes behind the last field") }
    }
}

/// Writes what `FieldReader` reads.
struct FieldWriter {
    private(set) var bytes: [UInt8] = []

    mutating func number<Number: FixedWidthInteger>(_ value: Number) {
        for shift in 0..<MemoryLayout<Number>.size {
            bytes.append(UInt8(truncatingIfNeeded: value >> (8 * shift)))
        }
    }

    mutating func string(_ string: [UInt8]) {
        number(UInt32(string.count))
        bytes += string
    }

    /// What is not printable ASCII becomes a question mark, what is too long is cut.
    mutating func text(_ text: String, limit: Int) {
        string(
            text.unicodeScalars.prefix(limit).map {
                (0x20..<0x7F).contains($0.value) ? UInt8($0.value) : 0x3F
            })
    }
}
