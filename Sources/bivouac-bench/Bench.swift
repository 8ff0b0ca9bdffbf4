internal import Unix

/// One thing that this program measures, and what stands behind its name on the command line.
struct Bench: Sendable {
    typealias Result = (rows: [Row], json: Bool)

    let name: String
    /// What it is about, for the list of all.
    let summary: String
    let help: String
    let run: @Sendable (ArraySlice<String>) throws(BenchError) -> Result

    static let all = [
        Bench(
            name: "job",
            summary: "a job in a machine of its own, against the same machine under bare libvirt",
            help: Options.help
        ) { (words) throws(BenchError) in
            let options = try Options(words)
            return (try JobBench.run(options), options.json)
        },
        Bench(
            name: "evidence", summary: "what keeping and comparing evidence adds", help: Options.help
        ) { (words) throws(BenchError) in
            let options = try Options(words, part: .evidence)
            return (try JobBench.run(options), options.json)
        },
        Bench(
            name: "staging", summary: "working directories into machines and back, against tar",
            help: Options.help
        ) { (words) throws(BenchError) in
            let options = try Options(words, part: .staging)
            return (try JobBench.run(options), options.json)
        },
        Bench(
            name: "lists", summary: "verifying lists and admitting jobs", help: ListsOptions.help
        ) { (words) throws(BenchError) in
            let options = try ListsOptions(words)
            return (try ListsBench.run(options), options.json)
        },
        Bench(
            name: "fetch", summary: "fetching an image, against curl and sha512sum", help: FetchOptions.help
        ) { (words) throws(BenchError) in
            let options = try FetchOptions(words)
            return (try FetchBench.run(options), options.json)
        },
        Bench(
            name: "store", summary: "1024 jobs on 16 nodes, one image: transfers and overlays",
            help: StoreOptions.help
        ) { (words) throws(BenchError) in
            let options = try StoreOptions(words)
            return (try StoreBench.run(options), options.json)
        },
        Bench(
            name: "audit", summary: "verifying and searching the audit log", help: AuditBench.help
        ) { (words) throws(BenchError) in
            let bench = try AuditBench(words)
            return (try bench.run(), bench.json)
        },
        Bench(
            name: "context", summary: "context volumes and notices", help: ContextOptions.help
        ) { (words) throws(BenchError) in
            let options = try ContextOptions(words)
            return (try ContextBench.run(options), options.json)
        },
    ]

    /// What a bench runs as a process of its own, to be measured as one.
    static let parts: [String: @Sendable ([String]) throws(BenchError) -> Void] = [
        "part-admit": { (words) throws(BenchError) in
            guard words.count == 1 else { throw .usage("part-admit is not for people") }
            Process.print("\(try AdmissionRoot.admit(below: words[0]))\n")
        },
        "part-answer": { (words) throws(BenchError) in try ThrottledServer.answer(words) },
        "part-jobs": { (words) throws(BenchError) in try StoreBench.jobs(words) },
        "part-fetch": { (words) throws(BenchError) in try FetchBench.fetch(words) },
    ]

    static var overview: String {
        let names = all.map { $0.name + String(repeating: " ", count: 10 - $0.name.count) + $0.summary }
        return "usage: bivouac-bench NAME [OPTION...]; bivouac-bench NAME --help tells the options\n\n  "
            + names.joined(separator: "\n  ")
            + "\n\nPrints medians and their ratios, measured side by side in one run.\n"
    }
}
