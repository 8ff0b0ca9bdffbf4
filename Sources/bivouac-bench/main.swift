internal import JSON
internal import Unix

Process.end(run(Array(CommandLine.arguments.dropFirst())))

/// Measures, prints, and returns the exit status.
func run(_ arguments: [String]) -> Int32 {
    if arguments.contains("--help") {
        Process.print(Options.help)
        return 0
    }
    do throws(BenchError) {
        guard arguments.first == "job" else { throw .usage("the one verb is 'job'") }
        let options = try Options(arguments.dropFirst())
        guard Process.effectiveUser == 0 else {
            Process.report("bivouac-bench: must be run as root")
            return 77
        }
        Signals.ignoreBrokenPipes()
        let rows = try JobBench.run(options)
        Process.print(options.json ? JSON.array(rows.map(\.json)).description + "\n" : Row.table(rows))
        return rows.allSatisfy(\.isMet) ? 0 : 1
    } catch {
        Process.report("bivouac-bench: \(error)")
        if case .usage = error { return 64 }
        return 69
    }
}
