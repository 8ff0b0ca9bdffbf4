internal import Disk

/// The bytes of a disk that are not those of the disk it began as, in units of 4 KiB.
struct ChangedRanges {
    static let unit: UInt64 = 4096

    /// In order, none touching another.
    private(set) var ranges: [Range<UInt64>] = []

    /// Compares what the upper disk wrote, and nothing else, with the lower one.
    init(of disk: QcowImage, from base: any DiskImage) throws(DiskError) {
        let piece: UInt64 = 1 << 20
        for range in try disk.ownRanges() {
            var place = range.lowerBound
            while place < range.upperBound {
                let count = Int(min(piece, range.upperBound - place))
                let new = try disk.read(count, at: place)
                let old = try base.read(count, at: place)
                if new != old { note(new, old, at: place) }
                place += UInt64(count)
            }
        }
    }

    private mutating func note(_ new: [UInt8], _ old: [UInt8], at place: UInt64) {
        var start = 0
        while start < new.count {
            let end = min(start + Int(Self.unit), new.count)
            if new[start..<end] != old[start..<end] {
                add((place + UInt64(start))..<(place + UInt64(end)))
            }
            start = end
        }
    }

    private mutating func add(_ range: Range<UInt64>) {
        if let last = ranges.last, last.upperBound == range.lowerBound {
            ranges[ranges.count - 1] = last.lowerBound..<range.upperBound
        } else {
            ranges.append(range)
        }
    }

    /// Whether any byte of the range may be another one.
    func touch(_ range: Range<UInt64>) -> Bool {
        let index = first(after: range.lowerBound)
        return index < ranges.count && ranges[index].lowerBound < range.upperBound
    }

    /// How many bytes of the range may be others.
    func bytes(in range: Range<UInt64>) -> UInt64 {
        var total: UInt64 = 0
        var index = first(after: range.lowerBound)
        while index < ranges.count, ranges[index].lowerBound < range.upperBound {
            total += UInt64(ranges[index].clamped(to: range).count)
            index += 1
        }
        return total
    }

    /// The first range that ends behind a place.
    private func first(after place: UInt64) -> Int {
        var low = 0
        var high = ranges.count
        while low < high {
            let middle = (low + high) / 2
            if ranges[middle].upperBound <= place { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
