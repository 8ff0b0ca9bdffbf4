package import Digest
import FoundationEssentials
package import Job
package import Unix

/// An operator's word that an image stays.
package struct ImagePin: Hashable, Sendable, Codable, CustomStringConvertible {
    /// Who said so.
    package let by: String
    package let since: Timestamp
    package let reason: String

    package init(by: String, since: Timestamp, reason: String) {
        self.by = by
        self.since = since
        self.reason = reason
    }

    package var description: String { "pinned by \(by) since \(since)\(reason.isEmpty ? "" : ": \(reason)")" }
}

extension ImageStore {
    private var pinned: String { directory + "/pins" }

    /// Keeps an image from eviction, also one that is not here yet or is fetched again; true when it is here.
    package func pin(_ digest: ImageDigest, _ pin: ImagePin, before deadline: Deadline)
        throws(ImageStoreError) -> Bool
    {
        try Self.files { () throws(UnixError) in
            guard let text = try? JSONEncoder().encode(pin) else {
                throw UnixError("encode", UnixError.invalid)
            }
            try Files.makeDirectories(Files.parent(directory), mode: 0o755)
            try Files.makeDirectories(pinned, mode: 0o700)
            try Files.write([UInt8](text), to: "\(pinned)/\(digest)")
        }
        // Who is just evicting it has not seen the pin, perhaps.
        let lock = try lock(digest, before: deadline)
        defer { withExtendedLifetime(lock) {} }
        return try find(digest) != nil
    }

    /// Lets go of an image again; false when it was not pinned.
    package func unpin(_ digest: ImageDigest) throws(ImageStoreError) -> Bool {
        try Self.files { () throws(UnixError) in
            guard try Files.remove("\(pinned)/\(digest)") else { return false }
            try Files.synchronize(directory: pinned)
            return true
        }
    }

    /// What is pinned; a pin that cannot be read counts.
    package func pins() throws(ImageStoreError) -> [ImageDigest: ImagePin] {
        let names = try Self.files { () throws(UnixError) in try Files.names(in: pinned) }
        var pins: [ImageDigest: ImagePin] = [:]
        for name in names {
            guard let digest = ImageDigest(name) else { continue }
            let text = try Self.ifThere { () throws(UnixError) in
                try Files.read("\(pinned)/\(name)", limit: 1 << 16)
            }
            guard let text else { continue }
            pins[digest] =
                (try? JSONDecoder().decode(ImagePin.self, from: Data(text)))
                ?? ImagePin(by: "somebody", since: Timestamp(seconds: 0), reason: "the pin cannot be read")
        }
        return pins
    }
}
