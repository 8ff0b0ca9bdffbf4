internal import Unix

/// The command line of `bivouac-bench context`.
struct ContextOptions {
    static let help = """
        usage: bivouac-bench context [--samples N] [--job KEY] [--json]

        Measures the making of a job's context disk, side by side with xorriso -as mkisofs on the same files, and with
        --job the time from `bivouac job notify` to the file changed in the guest of that job, which must be running.
        Writes below /tmp.

          --samples N    measurements of each kind, 1 to 99 (default: 9)
          --job KEY      a job of this node with some minutes left: its payload is told of an end and that it is none
          --json         the table as JSON

        Exit status as of bivouac-bench job.

        """

    private(set) var samples = 9
    private(set) var job: String?
    private(set) var json = false
    /// The operator's program.
    let bivouac: String

    /// Reads what stands behind `context`.
    init(_ arguments: ArraySlice<String>) throws(BenchError) {
        bivouac = Files.parent(Process.executable) + "/bivouac"
        var rest = arguments
        while let option = rest.popFirst() {
            switch option {
            case "--json": json = true
            case "--job":
                guard let value = rest.popFirst() else { throw .usage("--job needs a key") }
                job = value
            case "--samples":
                guard let value = rest.popFirst(), let count = Int(value), (1...99).contains(count) else {
                    throw .usage("--samples needs a number from 1 to 99")
                }
                samples = count
            default: throw .usage("unknown option '\(option)'")
            }
        }
    }
}
