/// Bytes of a disk; whatever is read from them is checked to lie within.
package struct Bytes: Equatable, Sendable {
    private let storage: ArraySlice<UInt8>

    package init(_ bytes: [UInt8]) { storage = bytes[...] }

    private init(storage: ArraySlice<UInt8>) { self.storage = storage }

    package var count: Int { storage.count }
    package var array: [UInt8] { Array(storage) }
    package var isZero: Bool { storage.allSatisfy { $0 == 0 } }

    /// A part of the bytes.
    package func part(_ offset: Int, _ count: Int) throws(DiskError) -> Bytes {
        guard offset >= 0, count >= 0, offset <= self.count, count <= self.count - offset else {
            throw .malformed("\(count) bytes at \(offset) of \(self.count)")
        }
        let start = storage.startIndex + offset
        return Bytes(storage: storage[start..<(start + count)])
    }

    /// The bytes from an offset on.
    package func from(_ offset: Int) throws(DiskError) -> Bytes { try part(offset, count - offset) }

    /// A number of the width that the caller wants, least significant byte first.
    package func little<Number: FixedWidthInteger & UnsignedInteger>(_ offset: Int) throws(DiskError)
        -> Number
    {
        try little(Number.self, offset)
    }

    /// A number of that width, least significant byte first.
    package func little<Number: FixedWidthInteger & UnsignedInteger>(_ type: Number.Type, _ offset: Int)
        throws(DiskError) -> Number
    {
        let field = try part(offset, Number.bitWidth / 8)
        var number: Number = 0
        for byte in field.storage.reversed() { number = number << 8 | Number(byte) }
        return number
    }

    /// A number of the width that the caller wants, most significant byte first.
    package func big<Number: FixedWidthInteger & UnsignedInteger>(_ offset: Int) throws(DiskError) -> Number {
        try big(Number.self, offset)
    }

    /// A number of that width, most significant byte first.
    package func big<Number: FixedWidthInteger & UnsignedInteger>(_ type: Number.Type, _ offset: Int)
        throws(DiskError) -> Number
    {
        let field = try part(offset, Number.bitWidth / 8)
        var number: Number = 0
        for byte in field.storage { number = number << 8 | Number(byte) }
        return number
    }

    /// Whether these bytes stand at the offset.
    package func has(_ text: String, at offset: Int) -> Bool {
        guard let field = try? part(offset, text.utf8.count) else { return false }
        return field.storage.elementsEqual(text.utf8)
    }
}
