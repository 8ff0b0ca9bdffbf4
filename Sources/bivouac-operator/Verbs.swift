// Every file here is about verbs.
import Command

extension Verbs {
    /// All nouns, in the order of the help.
    static let all: [Verb] =
        list + endorser + image + job + pause + disk + evidence + replay + audit + metrics + tick + doctor
}
