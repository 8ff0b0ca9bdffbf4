/// What libarchive answered to a call that failed.
package struct ArchiveError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The C function.
    package let call: String
    /// libarchive's own words.
    package let message: String

    package var description: String { "\(call): \(message)" }
}
