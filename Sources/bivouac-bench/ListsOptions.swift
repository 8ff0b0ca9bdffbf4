internal import Unix

/// The command line of `bivouac-bench lists`.
struct ListsOptions {
    static let help = """
        usage: bivouac-bench lists [--samples N] [--json]
               bivouac-bench admit ROOT

        Measures what trust costs: the program `bivouac` beside this one verifies a list of 200 images, side by side
        with openssl smime -verify -crl_check_all, one of 8 MiB, and hostile files; and what the admission of a job costs with one
        list in force and with 200. Needs the openssl program; writes below /tmp.

          --samples N    measurements of each kind, 1 to 99 (default: 5)
          --json         the table as JSON

        admit prints the microseconds of processor time that reading the site below ROOT and admitting a made-up job
        to its first queue takes. Exit status as of bivouac-bench job.

        """

    private(set) var samples = 5
    private(set) var json = false
    /// The operator's program.
    let bivouac: String

    /// Reads what stands behind `lists`.
    init(_ arguments: ArraySlice<String>) throws(BenchError) {
        bivouac = Files.parent(Process.executable) + "/bivouac"
        var rest = arguments
        while let option = rest.popFirst() {
            switch option {
            case "--json": json = true
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
