/// The table of nouns and verbs.
enum Verbs {
    static let all: [Verb] =
        doctor
}
