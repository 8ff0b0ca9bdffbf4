internal import Digest

/// A hash of a file's content that is the same whether zeros are written or left out as a hole.
struct ContentHash: ~Copyable {
    private var hash = Sha256()
    /// The unit that is gathered, and its bytes so far.
    private var index: UInt64 = 0
    private var gathered: [UInt8] = []

    private static let unit = 4096

    /// Takes bytes and where they lie; what comes later lies behind them.
    mutating func update(_ bytes: ArraySlice<UInt8>, at place: UInt64) {
        var rest = bytes
        var place = place
        while !rest.isEmpty {
            let offset = Int(place % UInt64(Self.unit))
            if place / UInt64(Self.unit) != index {
                flush()
                index = place / UInt64(Self.unit)
            }
            let piece = rest.prefix(Self.unit - offset)
            gathered += [UInt8](repeating: 0, count: offset - gathered.count) + piece
            rest = rest.dropFirst(piece.count)
            place += UInt64(piece.count)
        }
    }

    /// Of all that was taken, of a file with that many bytes.
    consuming func finish(size: UInt64) -> [UInt8] {
        flush()
        hash.update(Self.bytes(size))
        return hash.finish()
    }

    private mutating func flush() {
        if !gathered.allSatisfy({ $0 == 0 }) {
            let rest = [UInt8](repeating: 0, count: Self.unit - gathered.count)
            hash.update(Self.bytes(index) + gathered + rest)
        }
        gathered.removeAll(keepingCapacity: true)
    }

    private static func bytes(_ number: UInt64) -> [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
    }
}
