internal import Job
internal import Unix

/// The command line of `bivouac-bench store`.
struct StoreOptions {
    static let help = """
        usage: bivouac-bench store [--jobs N] [--nodes N] [--size SIZE] [--rate SIZE] [--samples N] [--json]

        Replays the reference case at a reduced size: 1024 jobs on 16 nodes, each a directory of its own with eight
        jobs at a time, one image, and one HTTP server whose link all of them share. Counts the transfers that the
        server saw, and compares the time with a copy for each job, of which a sample is made. Then makes overlays
        against qemu-img create. Needs socat, curl and qemu-utils; writes below /var/tmp.

          --jobs N       of all nodes (default: 1024)
          --nodes N      (default: 16)
          --size SIZE    of the image (default: 16 MiB)
          --rate SIZE    a second, of the server's link (default: 64 MiB)
          --samples N    copies, and overlays of each kind, 1 to 999 (default: 21)
          --json         the table as JSON

        Exit status as of bivouac-bench job.

        """

    /// Jobs that a node runs at a time: its cores.
    static let slots = 8

    private(set) var jobs = 1024
    private(set) var nodes = 16
    private(set) var size = ByteCount.mebibytes(16)
    private(set) var rate = ByteCount.mebibytes(64)
    private(set) var samples = 21
    private(set) var json = false

    /// Reads what stands behind `store`.
    init(_ arguments: ArraySlice<String>) throws(BenchError) {
        var rest = arguments
        while let option = rest.popFirst() {
            switch option {
            case "--json": json = true
            case "--jobs": jobs = try Self.number(option, &rest, 1...100_000)
            case "--nodes": nodes = try Self.number(option, &rest, 1...64)
            case "--samples": samples = try Self.number(option, &rest, 1...999)
            case "--size": size = try Self.size(option, &rest)
            case "--rate": rate = try Self.size(option, &rest)
            default: throw .usage("unknown option '\(option)'")
            }
        }
    }

    private static func number(
        _ option: String, _ rest: inout ArraySlice<String>, _ range: ClosedRange<Int>
    ) throws(BenchError) -> Int {
        guard let value = rest.popFirst(), let number = Int(value), range.contains(number) else {
            throw .usage("\(option) needs a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    private static func size(_ option: String, _ rest: inout ArraySlice<String>) throws(BenchError)
        -> ByteCount
    {
        guard let value = rest.popFirst(), let size = ByteCount(value), size >= .mebibytes(1) else {
            throw .usage("\(option) needs a size such as \"16 MiB\", at least 1 MiB")
        }
        return size
    }
}
