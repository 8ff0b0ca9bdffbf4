/// Why bytes from the other side are not acceptable; each case is the end of the conversation.
package enum ProtocolError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The first byte of a frame is no kind.
    case unknownKind(UInt8)
    /// The kind is not one that this side accepts.
    case wrongDirection(FrameKind)
    /// The body is shorter or longer than its kind allows.
    case wrongLength(FrameKind, Int)
    /// The kind does not fit what was said before.
    case outOfOrder(FrameKind)
    /// More bytes of a stream than there was room for.
    case overrun(FrameKind)
    /// The body does not hold what its kind says.
    case badBody(FrameKind, String)

    package var name: String {
        switch self {
        case .unknownKind: "UnknownKind"
        case .wrongDirection: "WrongDirection"
        case .wrongLength: "WrongLength"
        case .outOfOrder: "OutOfOrder"
        case .overrun: "Overrun"
        case .badBody: "BadBody"
        }
    }

    package var description: String {
        switch self {
        case .unknownKind(let byte): "\(name): no frame begins with byte \(byte)"
        case .wrongDirection(let kind): "\(name): a frame '\(kind)' came from the wrong side"
        case .wrongLength(let kind, let length): "\(name): a frame '\(kind)' of \(length) bytes"
        case .outOfOrder(let kind): "\(name): a frame '\(kind)' at the wrong time"
        case .overrun(let kind): "\(name): more of '\(kind)' than was asked for"
        case .badBody(let kind, let what): "\(name): a frame '\(kind)' with \(what)"
        }
    }
}
