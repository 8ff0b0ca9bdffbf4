/// Images that must not boot, whoever endorsed them: a file of `deny.d`.
package struct Denial: Hashable, Sendable {
    /// The path of the file.
    package var file: String
    /// SHA-512 of images, in lower-case hex.
    package var sha512: [String]
    /// `dc:identifier` of images or lists, in lower case.
    package var identifiers: [String]
    /// Names of endorsers.
    package var endorsers: [String]
    /// Names of virtual organisations.
    package var vos: [String]
    /// One line for the one whose job is refused.
    package var reason: String
    /// The file cannot be understood, so what it denies is unknown: every image is denied.
    package var everything: Bool

    /// A denial of what is given.
    package init(
        file: String, sha512: [String] = [], identifiers: [String] = [], endorsers: [String] = [],
        vos: [String] = [], reason: String, everything: Bool = false
    ) {
        self.file = file
        self.sha512 = sha512
        self.identifiers = identifiers
        self.endorsers = endorsers
        self.vos = vos
        self.reason = reason
        self.everything = everything
    }

    /// Whether it denies an image with this digest, one of these identifiers, from this endorser.
    ///
    /// The digest is lower-case hex, the identifiers are the image's own and its list's, and the endorser is
    /// named as in `endorsers.d`.
    package func denies(sha512 digest: String, identifiers: [String], endorser: String, vo: String) -> Bool {
        everything || sha512.contains(digest) || endorsers.contains(endorser) || vos.contains(vo)
            || identifiers.contains { self.identifiers.contains($0.lowercased()) }
    }
}

extension Denial {
    static let keys = ["sha512", "identifier", "endorser", "vo", "reason"]

    init(_ section: Section) throws(SiteFault) {
        let reason = try section.string("reason", rule: "one line of at most 500 bytes") {
            Section.isLine($0, limit: 500)
        }
        self.init(
            file: section.file, reason: try section.required("reason", reason, example: "\"why\""))
        sha512 =
            try section.strings("sha512", rule: "128 hexadecimal digits") {
                $0.utf8.count == 128 && $0.utf8.allSatisfy { Self.isHexadecimal($0) }
            }?.map { $0.lowercased() } ?? []
        func words(_ key: String) throws(SiteFault) -> [String] {
            try section.strings(key, rule: "a word of 1 to 128 characters without white space") {
                Section.isVisible($0, limit: 128)
            } ?? []
        }
        identifiers = try words("identifier").map { $0.lowercased() }
        endorsers = try words("endorser")
        vos = try words("vo")
        guard !(sha512 + identifiers + endorsers + vos).isEmpty else {
            throw section.fault(
                section.place, "nothing is denied: add sha512, identifier, endorser or vo, or remove the file"
            )
        }
    }

    /// Stands for a file or directory that cannot be understood.
    init(_ fault: SiteFault) {
        self.init(file: fault.file, reason: "\(fault)", everything: true)
    }

    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"),
            UInt8(ascii: "A")...UInt8(ascii: "F"):
            true
        default: false
        }
    }
}
