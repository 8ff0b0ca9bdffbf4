internal import Unix

/// Text on its way to standard output, in pieces of a bearable length.
struct OutputText {
    private var text = ""

    mutating func add(_ words: String) {
        text += words
        if text.utf8.count >= 1 << 16 { flush() }
    }

    /// Writes what is left.
    mutating func flush() {
        Process.print(text)
        text = ""
    }
}
