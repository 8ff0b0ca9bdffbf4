/// What the scheduler says of this node, for a site that gives payloads a time to leave a node that drains.
package enum DrainState: Hashable, Sendable {
    /// It was not asked or did not answer: what was told stands.
    case unknown
    case inService
    /// It takes no new jobs; those that run have so many seconds.
    case drained(Int64)
}
