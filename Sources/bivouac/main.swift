import Batch
import Command
import Endorsing
import Unix

Process.end(run(Array(CommandLine.arguments.dropFirst())))

/// Runs what needs no node itself; everything else is for the operator's program, whose libraries take longer to
/// load than a list takes to verify, and which a machine of an endorser does not have.
func run(_ words: [String]) -> Int32 {
    guard !Verbs.endorsing.contains(where: { words.starts(with: [$0.noun, $0.name]) }) else {
        return Verbs.run(words, of: Verbs.endorsing)
    }
    let directory = Files.parent(Process.executable)
    // Beside this one where they were built, and where hooks/install puts it.
    for path in ["\(directory)/bivouac-operator", "\(directory)/../libexec/bivouac/bivouac-operator"] {
        guard Files.exists(path), let program = BytePath(Array(path.utf8)),
            let arguments = try? Process.arguments()
        else { continue }
        let code = Execution(
            path: program, arguments: arguments, environment: Process.environmentBytes()
        ).perform()
        Process.report("bivouac: \(path) could not be started: \(Process.reason(code))")
        return ExitStatus.unavailable
    }
    guard let word = words.first, word != "--help", word != "help" else {
        return Verbs.run(words, of: Verbs.endorsing)
    }
    Process.report("bivouac: '\(Verbs.plain(word))' needs bivouac-operator, which is not here")
    return ExitStatus.unavailable
}
