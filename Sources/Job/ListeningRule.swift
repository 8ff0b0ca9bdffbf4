/// What becomes of a payload in whose machine somebody listens for connections from elsewhere.
package enum ListeningRule: String, Hashable, Sendable, Codable, CaseIterable {
    /// The machine's console tells who.
    case note
    /// The payload does not start.
    case fail
}
