package import Job

/// An operator's order to keep evidence; nothing removes what is on hold.
package struct Hold: Codable, Hashable, Sendable {
    /// The file's name in the directory.
    static let file = "hold.json"

    package var reason: String
    package var author: String
    package var since: Timestamp
    /// When the quarantine began that it came with and ends with; nil for one of its own.
    package var quarantine: Timestamp?

    package init(reason: String, author: String, since: Timestamp, quarantine: Timestamp? = nil) {
        self.reason = reason
        self.author = author
        self.since = since
        self.quarantine = quarantine
    }
}
