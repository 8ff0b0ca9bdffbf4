internal import JSON
internal import Job

/// The members of one object of an image list, read with the list's refusals.
struct ListReader {
    let members: [String: JSON]
    /// What the object is, for messages.
    let subject: String

    init?(_ value: JSON?, _ subject: String) {
        guard let members = value?.members else { return nil }
        // The parser has refused names that stand twice.
        self.members = Dictionary(members.map { ($0.name, $0.value) }) { first, _ in first }
        self.subject = subject
    }

    /// Free text may be this long, in bytes.
    private static let textLimit = 1 << 16

    func refuse(_ name: Refusal.Name, _ key: String, _ reason: String) -> Refusal {
        Refusal(name, "\(subject): \(key) \(reason)")
    }

    /// Whether a member is there and not null.
    func has(_ key: String) -> Bool { members[key].map { $0 != .null } ?? false }

    /// A member that must be there and not be null.
    func required(_ key: String) throws(Refusal) -> JSON {
        guard let value = members[key], value != .null else { throw refuse(.MissingField, key, "is missing") }
        return value
    }

    /// A member that must be a string.
    func string(_ key: String) throws(Refusal) -> String {
        guard let text = try required(key).text else { throw refuse(.BadType, key, "is not a string") }
        guard text.utf8.count <= Self.textLimit else {
            throw refuse(.TooComplex, key, "is longer than \(Self.textLimit) bytes")
        }
        return text
    }

    /// A member that describes something to people; endorsers also write numbers there.
    func words(_ key: String) throws(Refusal) -> String {
        switch try required(key) {
        case .integer(let value): return String(value)
        case .number(let value): return String(value)
        case .bool(let value): return String(value)
        default: return try string(key)
        }
    }

    func moment(_ key: String) throws(Refusal) -> Timestamp {
        guard let text = try required(key).text, let moment = Timestamp(text) else {
            throw refuse(.BadDate, key, "is not of the form YYYY-MM-DDThh:mm:ssZ")
        }
        return moment
    }

    func identifier(_ key: String) throws(Refusal) -> ImageIdentifier {
        guard let identifier = ImageIdentifier(try string(key)) else {
            throw refuse(.BadIdentifier, key, "is not a UUID")
        }
        return identifier
    }

    func uri(_ key: String) throws(Refusal) -> ListURI {
        guard let uri = ListURI(try string(key)) else {
            throw refuse(.BadURI, key, "is not a plain http, https or file URI")
        }
        return uri
    }

    func version(_ key: String) throws(Refusal) -> ListVersion {
        let text = try string(key)
        guard text.utf8.count <= 128, !text.contains(where: \.isNewline) else {
            throw refuse(.BadType, key, "is longer than 128 bytes or not one line")
        }
        return ListVersion(text)
    }
}
