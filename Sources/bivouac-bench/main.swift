internal import JSON
internal import Unix

Process.end(run(Array(CommandLine.arguments.dropFirst())))

/// Measures, prints, and returns the exit status.
func run(_ arguments: [String]) -> Int32 {
    let name = arguments.first ?? "--help"
    if name == "--help" {
        Process.print(Bench.overview)
        return arguments.isEmpty ? 64 : 0
    }
    do throws(BenchError) {
        if let part = Bench.parts[name] {
            try part(Array(arguments.dropFirst()))
            return 0
        }
        guard let bench = Bench.all.first(where: { $0.name == name }) else {
            throw .usage("there is no '\(name)'; bivouac-bench --help lists what there is")
        }
        if arguments.contains("--help") {
            Process.print(bench.help)
            return 0
        }
        Signals.ignoreBrokenPipes()
        let (rows, json) = try bench.run(arguments.dropFirst())
        Process.print(json ? JSON.array(rows.map(\.json)).description + "\n" : Row.table(rows))
        return rows.allSatisfy(\.isMet) ? 0 : 1
    } catch {
        Process.report("bivouac-bench: \(error)")
        return error.status
    }
}
