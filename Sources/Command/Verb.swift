/// One verb of a noun: what it takes, what it does, in one place.
package struct Verb: Sendable {
    package let noun: String
    package let name: String
    /// The words behind noun and verb as the help shows them.
    package let synopsis: String
    /// One line of help.
    package let summary: String
    /// What `--help` behind the verb says besides.
    package let notes: String
    /// Number of words that it takes.
    package let words: ClosedRange<Int>
    /// Flags and options besides `--json` and `--help`, without their hyphens.
    package let flags: [String]
    package let options: [String]
    package let run: @Sendable (Tool, Arguments) throws -> Int32

    package init(
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
    package var usage: String {
        ["bivouac", noun, name, synopsis].filter { !$0.isEmpty }.joined(separator: " ")
    }
}
