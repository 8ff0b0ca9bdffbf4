import Digest
import JSON
import Job

/// One line of the log as bytes, without the line feed: a JSON object whose first members tie it to the line
/// before and whose last is the SHA-256 of everything in front of it.
///
/// `{"seq":2,"previous":"…","time":"…","event":"…","fields":{…},"hash":"…"}`
struct AuditLine {
    /// Bytes of a line.
    static let limit = 32 << 10
    /// What the first line names as the line before it.
    static let origin = String(repeating: "0", count: 64)

    private static let before = Array(",\"hash\":\"".utf8)
    private static let after = Array("\"}".utf8)
    private static let ending = before.count + 64 + after.count

    let sequence: Int64
    /// Hash of the line before.
    let previous: String
    let hash: String

    /// The bytes of a new line, and its hash.
    static func make(
        _ event: AuditEvent, sequence: Int64, previous: String, at now: Timestamp
    ) -> (line: [UInt8], hash: String) {
        let members = [
            JSON.Member("time", .string(now.description)), JSON.Member("event", .string(event.name.rawValue)),
            JSON.Member("fields", .object(event.fields)),
        ]
        let body =
            beginning(sequence: sequence, previous: previous)
            + JSON.object(members).description.utf8.dropFirst().dropLast()
        let hash = Sha256.hex(body)
        return (body + before + Array(hash.utf8) + after, hash)
    }

    private static func beginning(sequence: Int64, previous: String) -> [UInt8] {
        Array("{\"seq\":\(sequence),\"previous\":\"\(previous)\",".utf8)
    }

    /// Whether the bytes have the end of a finished line: what a dying writer leaves has not.
    static func isFinished(_ bytes: ArraySlice<UInt8>) -> Bool {
        guard bytes.count > ending else { return false }
        let tail = bytes.suffix(ending)
        return tail.starts(with: before) && tail.suffix(after.count).elementsEqual(after)
    }

    /// Reads a line that says itself that it is intact; nil otherwise.
    init?(_ bytes: ArraySlice<UInt8>) {
        guard let sequence = Self.sequence(of: bytes) else { return nil }
        let behind = bytes.dropFirst("{\"seq\":\(sequence),\"previous\":\"".utf8.count)
        let previous = String(decoding: behind.prefix(64), as: UTF8.self)
        guard let hash = Self.hash(of: bytes, sequence: sequence, previous: previous) else { return nil }
        self.sequence = sequence
        self.previous = previous
        self.hash = hash
    }

    /// The number that a line begins with, intact or not; nil when it begins otherwise.
    static func sequence(of bytes: ArraySlice<UInt8>) -> Int64? {
        let start = Array("{\"seq\":".utf8)
        guard bytes.starts(with: start) else { return nil }
        let digits = bytes.dropFirst(start.count).prefix { (0x30...0x39).contains($0) }
        return Int64(String(decoding: digits, as: UTF8.self))
    }

    /// Whether a line is of the event.
    static func carries(_ bytes: ArraySlice<UInt8>, _ name: AuditEvent.Name) -> Bool {
        AuditHeader(bytes)?.event.elementsEqual(name.rawValue.utf8) == true
    }

    /// The hash of a line that has this place in the chain and is intact; nil otherwise.
    static func hash(of bytes: ArraySlice<UInt8>, sequence: Int64, previous: String) -> String? {
        bytes.starts(with: beginning(sequence: sequence, previous: previous)) ? ownHash(bytes) : nil
    }

    private static func ownHash(_ bytes: ArraySlice<UInt8>) -> String? {
        guard isFinished(bytes) else { return nil }
        let hash = Sha256.hex(Array(bytes.dropLast(ending)))
        return bytes.dropLast(after.count).suffix(64).elementsEqual(hash.utf8) ? hash : nil
    }
}
