internal import Batch
internal import Job
internal import Unix

extension Verbs {
    /// Finds the verb, runs it and tells what went wrong in one line; returns the exit status.
    ///
    /// `blamed` knows the statuses of errors that only the program knows.
    package static func run(
        _ arguments: [String], of verbs: [Verb], blamed: (any Error) -> Int32? = { _ in nil }
    ) -> Int32 {
        guard let noun = arguments.first, noun != "--help", noun != "help" else {
            Process.print(Help.overview(verbs))
            return arguments.isEmpty ? ExitStatus.usage : ExitStatus.success
        }
        let known = verbs.filter { $0.noun == noun }
        guard !known.isEmpty else { return Help.misused("unknown word '\(noun)'", verbs: verbs) }
        let verb = known.first { $0.name.isEmpty } ?? known.first { $0.name == arguments.dropFirst().first }
        if arguments.contains("--help") {
            Process.print(Help.text(for: verb.map { [$0] } ?? known))
            return ExitStatus.success
        }
        guard let verb else {
            return Help.misused(
                arguments.count < 2 ? "a verb is missing" : "unknown verb '\(arguments[1])'", verbs: known)
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
        } catch {
            Process.report("bivouac: \(error)")
            return blamed(error) ?? (error is Refusal ? ExitStatus.dataRefused : ExitStatus.unavailable)
        }
    }
}
