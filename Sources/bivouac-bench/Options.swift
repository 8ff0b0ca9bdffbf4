/// The command line of `bivouac-bench job`.
struct Options {
    static let help = """
        usage: bivouac-bench job [--root DIR] [--samples N | --quick] [--only PART] [--json]
               bivouac-bench evidence|staging [--root DIR] [--samples N | --quick] [--json]

        Measures what a job in a machine of its own costs against the same machine without us, side by side in one
        run, and prints medians and their ratios; `evidence` is about what keeping and comparing evidence costs,
        `staging` about working directories against tar through the same port.
        Needs root and a node that runs nothing else.

          --root DIR     root of the installation, as examples/single-node/up makes it (default:
                         /var/lib/bivouac-demo; / for the node's own)
          --samples N    measurements of each kind, 1 to 99 (default: 5, some ten minutes)
          --quick        three of each kind, and of eight machines at once only the first eight are waited for
                         until they are ready: some four minutes
          --only PART    one of single, eight, hooks, streams (default: all of them)
          --json         the table as JSON

        Exit status: 0 all targets are met, 1 one is missed, 64 usage, 69 something failed, 77 not root.

        """

    /// The parts of the table.
    enum Part: String, CaseIterable {
        case single, eight, hooks, streams, evidence, staging
    }

    /// Without a slash at the end; empty for `/`.
    private(set) var root = "/var/lib/bivouac-demo"
    private(set) var samples = 5
    private(set) var isQuick = false
    private(set) var parts: [Part] = [.single, .eight, .hooks, .streams]
    private(set) var json = false

    /// Reads what stands behind `job`, or behind the name of a part.
    init(_ arguments: ArraySlice<String>, part: Part? = nil) throws(BenchError) {
        if let part { parts = [part] }
        var rest = arguments
        while let option = rest.popFirst() {
            if option == "--json" {
                json = true
                continue
            }
            if option == "--quick" {
                isQuick = true
                samples = 3
                continue
            }
            guard ["--root", "--samples", "--only"].contains(option) else {
                throw .usage("unknown option '\(option)'")
            }
            guard let value = rest.popFirst() else { throw .usage("\(option) needs a value") }
            switch option {
            case "--root":
                guard value.hasPrefix("/") else {
                    throw .usage("--root needs an absolute path, not '\(value)'")
                }
                root = value
                while root.last == "/" { root.removeLast() }
            case "--samples":
                guard let count = Int(value), (1...99).contains(count) else {
                    throw .usage("--samples needs a number from 1 to 99, not '\(value)'")
                }
                samples = count
            default:
                guard let part = Part(rawValue: value) else { throw .usage("there is no part '\(value)'") }
                parts = [part]
            }
        }
    }
}
