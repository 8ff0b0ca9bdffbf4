/// What happens while an image is fetched, for those who watch.
package enum FetchEvent: Hashable, Sendable {
    /// Another process is at it; how far it is.
    case waiting(for: Holder?, have: Int64, of: Int64)
    /// What an earlier fetch has left is read again.
    case resuming(have: Int64, of: Int64)
    /// A transfer begins, with so many bytes here already.
    case began(uri: String, have: Int64, of: Int64)
    case received(have: Int64, of: Int64)
    /// What has come is of no use, and why.
    case startedOver(why: String)
    /// A place is given up for the next one.
    case abandoned(uri: String, why: String)
    case retrying(why: String, milliseconds: Int)
    /// The bytes are the right ones; they are taken out of their packing.
    case unpacking(Packing)
}
