import Batch
import Unix

/// One verb of a noun: what it takes, what it does, in one place.
struct Verb: Sendable {
    let noun: String
    let name: String
    /// The words behind noun and verb as the help shows them.
    let synopsis: String
    /// One line of help.
    let summary: String
    /// What `--help` behind the verb says besides.
    let notes: String
    /// Number of words that it takes.
    let words: ClosedRange<Int>
    /// Flags and options besides `--json` and `--help`, without their hyphens.
    let flags: [String]
    let options: [String]
    let run: @Sendable (Tool, Arguments) throws -> Int32

    init(
        _ noun: String, _ name: String, _ synopsis: String, _ summary: String, words: ClosedRange<Int>,
        flags: [String] = [], options: [String] = [], notes: String = "",
        run: @escaping @Sendable (Tool, Arguments) throws -> Int32
    ) {
        self.noun = noun
        self.name = name
        self.synopsis = synopsis
        self.summary = summary
        self.notes = notes
        self.words = words
        self.flags = flags
        self.options = options
        self.run = run
    }

    /// How it is called.
    var usage: String { ["bivouac", noun, name, synopsis].filter { !$0.isEmpty }.joined(separator: " ") }
}

/// A failure that is told in one line and ends the program with a status.
struct Failure: Error {
    let status: Int32
    let message: String

    init(_ status: Int32, _ message: String) {
        self.status = status
        self.message = message
    }
}
