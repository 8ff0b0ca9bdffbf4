import Batch
import Glibc
import Job
import JobMachine
import Unix

exit(run(Array(CommandLine.arguments.dropFirst())))

/// Finds the verb, runs it and tells what went wrong in one line.
func run(_ arguments: [String]) -> Int32 {
    guard let noun = arguments.first, noun != "--help", noun != "help" else {
        Process.print(Help.overview)
        return arguments.isEmpty ? ExitStatus.usage : ExitStatus.success
    }
    let verbs = Verbs.all.filter { $0.noun == noun }
    guard !verbs.isEmpty else { return Help.misused("unknown word '\(noun)'", verbs: Verbs.all) }
    let verb = verbs.first { $0.name.isEmpty } ?? verbs.first { $0.name == arguments.dropFirst().first }
    if arguments.contains("--help") {
        Process.print(Help.text(for: verb.map { [$0] } ?? verbs))
        return ExitStatus.success
    }
    guard let verb else {
        return Help.misused(
            arguments.count < 2 ? "a verb is missing" : "unknown verb '\(arguments[1])'", verbs: verbs)
    }
    do {
        let rest = Array(arguments.dropFirst(verb.name.isEmpty ? 1 : 2))
        let words = try Arguments(rest, flags: verb.flags + ["json"], options: verb.options)
        guard verb.words.contains(words.words.count) else {
            return Help.misused("wrong number of words", verbs: [verb])
        }
        return try verb.run(Tool(json: words.has("json")), words)
    } catch let failure as Arguments.Failure {
        return Help.misused(failure.description, verbs: [verb])
    } catch let failure as Failure {
        Process.report("bivouac: \(failure.message)")
        return failure.status
    } catch let refusal as Refusal {
        Process.report("bivouac: \(refusal)")
        return ExitStatus.dataRefused
    } catch let fault as MachineFault {
        Process.report("bivouac: \(fault)")
        return switch fault.blame {
        case .job: ExitStatus.dataRefused
        case .node: ExitStatus.unavailable
        case .site: ExitStatus.configuration
        }
    } catch let error as BatchError {
        Process.report("bivouac: \(error)")
        return error.blame == .site ? ExitStatus.configuration : ExitStatus.unavailable
    } catch {
        Process.report("bivouac: \(error)")
        return ExitStatus.unavailable
    }
}
