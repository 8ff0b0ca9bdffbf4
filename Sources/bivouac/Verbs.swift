/// The table of nouns and verbs.
enum Verbs {
    static let all: [Verb] =
        list + endorser + image + job + pause + evidence + audit + tick + doctor
}
