internal import JSON
internal import Unix

Process.end(run(Array(CommandLine.arguments.dropFirst())))

/// Measures, prints, and returns the exit status.
func run(_ arguments: [String]) -> Int32 {
    if arguments.contains("--help"), arguments.first == "audit" {
        Process.print(AuditBench.help)
        return 0
    }
    if arguments.contains("--help"), arguments.contains("--fetch") {
        Process.print(FetchOptions.help)
        return 0
    }
    if arguments.contains("--help") {
        let help =
            switch arguments.first {
            case "lists", "admit": ListsOptions.help
            case "store": StoreOptions.help
            default: Options.help
            }
        Process.print(help)
        return 0
    }
    do throws(BenchError) {
        if arguments.first == "admit", arguments.count == 2 {
            Process.print("\(try AdmissionRoot.admit(below: arguments[1]))\n")
            return 0
        }
        if arguments.first == "store-fetch" {
            try FetchBench.fetch(Array(arguments.dropFirst()))
            return 0
        }
        if arguments.first == "store", arguments.contains("--fetch") {
            let options = try FetchOptions(arguments.dropFirst())
            return show(try FetchBench.run(options), json: options.json)
        }
        if arguments.first == "store-answer" {
            try ThrottledServer.answer(Array(arguments.dropFirst()))
            return 0
        }
        if arguments.first == "store-jobs" {
            try StoreBench.jobs(Array(arguments.dropFirst()))
            return 0
        }
        if arguments.first == "store" {
            let options = try StoreOptions(arguments.dropFirst())
            return show(try StoreBench.run(options), json: options.json)
        }
        if arguments.first == "lists" {
            let options = try ListsOptions(arguments.dropFirst())
            return show(try ListsBench.run(options), json: options.json)
        }
        if arguments.first == "audit" {
            let bench = try AuditBench(arguments.dropFirst())
            return show(try bench.run(), json: bench.json)
        }
        guard arguments.first == "job" else {
            throw .usage("the verbs are 'job', 'lists', 'store' and 'audit'")
        }
        let options = try Options(arguments.dropFirst())
        guard Process.effectiveUser == 0 else {
            Process.report("bivouac-bench: must be run as root")
            return 77
        }
        Signals.ignoreBrokenPipes()
        return show(try JobBench.run(options), json: options.json)
    } catch {
        Process.report("bivouac-bench: \(error)")
        if case .usage = error { return 64 }
        return 69
    }
}

/// Prints the rows; 1 when a target is missed.
func show(_ rows: [Row], json: Bool) -> Int32 {
    Process.print(json ? JSON.array(rows.map(\.json)).description + "\n" : Row.table(rows))
    return rows.allSatisfy(\.isMet) ? 0 : 1
}
