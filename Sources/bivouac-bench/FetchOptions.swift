internal import Job

/// The command line of `bivouac-bench fetch`.
struct FetchOptions {
    static let help = """
        usage: bivouac-bench fetch [--size SIZE] [--samples N] [--json]

        Fetches, verifies and stores an image from a server on this machine, side by side with curl, sha512sum and sync
        one after the other. Needs busybox and curl; writes below /var/tmp.

          --size SIZE    of the image (default: 1 GiB)
          --samples N    measurements of each kind, 1 to 99 (default: 3)
          --json         the table as JSON

        Exit status as of bivouac-bench job.

        """

    private(set) var size = ByteCount.mebibytes(1024)
    private(set) var samples = 3
    private(set) var json = false

    /// Reads what stands behind `fetch`.
    init(_ arguments: ArraySlice<String>) throws(BenchError) {
        var rest = arguments
        while let option = rest.popFirst() {
            switch option {
            case "--json": json = true
            case "--samples":
                guard let value = rest.popFirst(), let count = Int(value), (1...99).contains(count) else {
                    throw .usage("--samples needs a number from 1 to 99")
                }
                samples = count
            case "--size":
                guard let value = rest.popFirst(), let size = ByteCount(value), size >= .mebibytes(1) else {
                    throw .usage("--size needs a size such as \"1 GiB\", at least 1 MiB")
                }
                self.size = size
            default: throw .usage("unknown option '\(option)'")
            }
        }
    }
}
