internal import Digest
package import Job

/// What follows from a machine's name alone, so that whoever comes later finds the machine, whatever died.
package enum MachineIdentity {
    /// The domain's UUID: the first 16 bytes of the SHA-256 of its name, marked as version 8 (RFC 9562).
    package static func uuid(of name: MachineName) -> String { uuid(of: name.domain) }

    /// The same for any domain's name.
    static func uuid(of domain: String) -> String {
        var hash = Sha256()
        hash.update(Array(domain.utf8))
        var bytes = Array(hash.finish().prefix(16))
        bytes[6] = bytes[6] & 0x0F | 0x80
        bytes[8] = bytes[8] & 0x3F | 0x80
        let groups = [0..<4, 4..<6, 6..<8, 8..<10, 10..<16].map { Hexadecimal.text(bytes[$0]) }
        return groups.joined(separator: "-")
    }

    /// What the guest calls itself: the domain's name as one label of a host name (RFC 1123).
    package static func hostname(of name: MachineName) -> String {
        let plain = name.domain.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "-" }
        return String(plain.suffix(63).drop { $0 == "-" })
    }
}
