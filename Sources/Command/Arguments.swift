/// The words of a command line, told apart: options by their names, everything else in order.
package struct Arguments {
    package private(set) var words: [String] = []
    private var values: [String: String] = [:]
    private var flags: Set<String> = []

    /// Why a command line is not understood, for the line before the usage.
    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    /// Reads the words; an option that is unknown, stands twice or lacks its value is refused.
    ///
    /// `--name value` and `--name=value` are the same, `-o` is `--output`, and `--` ends the options.
    package init(_ arguments: [String], flags knownFlags: [String], options knownOptions: [String])
        throws(Failure)
    {
        var rest = arguments[...]
        while let word = rest.popFirst() {
            if word == "--" {
                words += rest
                return
            }
            let word = word == "-o" ? "--output" : word
            guard word.hasPrefix("--") else {
                words.append(word)
                continue
            }
            let parts = word.dropFirst(2).split(
                separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = String(parts[0])
            guard !flags.contains(name), values[name] == nil else {
                throw Failure(description: "--\(name) stands twice")
            }
            if knownFlags.contains(name), parts.count == 1 {
                flags.insert(name)
            } else if knownOptions.contains(name) {
                guard let value = parts.count == 2 ? String(parts[1]) : rest.popFirst() else {
                    throw Failure(description: "--\(name) needs a value")
                }
                values[name] = value
            } else {
                throw Failure(description: "unknown option \(word)")
            }
        }
    }

    /// The value of an option.
    package subscript(option: String) -> String? { values[option] }

    /// Whether a flag was given.
    package func has(_ flag: String) -> Bool { flags.contains(flag) }
}
