/// An amount of bytes, never negative.
package struct ByteCount: Hashable, Comparable, Sendable, Codable {
    package let bytes: Int64

    package init(_ bytes: Int64) { self.bytes = max(0, bytes) }

    /// That many times 1,048,576 bytes.
    package static func mebibytes(_ count: Int64) -> ByteCount { ByteCount(count << 20) }

    package var mebibytes: Int64 { bytes >> 20 }

    package static func < (left: ByteCount, right: ByteCount) -> Bool { left.bytes < right.bytes }

    package init(from decoder: any Decoder) throws {
        self.init(try decoder.singleValueContainer().decode(Int64.self))
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(bytes)
    }
}

extension ByteCount: CustomStringConvertible {
    private static let units: [(name: String, shift: Int64)] = [
        ("TiB", 40), ("GiB", 30), ("MiB", 20), ("KiB", 10), ("B", 0),
    ]

    /// Reads a whole number and a unit, `200 GiB` or `512MiB`; without a unit it is bytes.
    package init?(_ text: String) {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        guard let count = Int64(digits) else { return nil }
        let unit = text.dropFirst(digits.count).drop { $0 == " " }
        guard let shift = unit.isEmpty ? 0 : Self.units.first(where: { $0.name == unit })?.shift else {
            return nil
        }
        let (bytes, overflow) = count.multipliedReportingOverflow(by: 1 << shift)
        guard !overflow else { return nil }
        self.init(bytes)
    }

    /// The amount in the largest unit that leaves a whole number.
    package var description: String {
        for unit in Self.units where bytes >= 1 << unit.shift && bytes % (1 << unit.shift) == 0 {
            return "\(bytes >> unit.shift) \(unit.name)"
        }
        return "\(bytes) B"
    }
}
