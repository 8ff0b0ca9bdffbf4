/// What is wrong in one configuration file, and where.
package struct SiteFault: Error, Hashable, Sendable, CustomStringConvertible {
    /// The path of the file or directory.
    package let file: String
    /// The line, from 1; 0 when the whole file is meant.
    package let line: Int
    /// The column in characters, from 1; 0 when the whole file is meant.
    package let column: Int
    /// What is wrong and what would mend it.
    package let message: String
    /// Whether the node failed to read the file, whatever is in it: nothing can then be said of it, and no job
    /// may pay for that.
    package let isUnreadable: Bool

    /// A fault at a place; without one it means the whole file.
    package init(
        file: String, line: Int = 0, column: Int = 0, message: String, isUnreadable: Bool = false
    ) {
        self.file = file
        self.line = line
        self.column = column
        self.message = message
        self.isUnreadable = isUnreadable
    }

    /// `FILE:LINE:COLUMN: MESSAGE`, or `FILE: MESSAGE` when the whole file is meant.
    package var description: String {
        line > 0 ? "\(file):\(line):\(column): \(message)" : "\(file): \(message)"
    }
}
