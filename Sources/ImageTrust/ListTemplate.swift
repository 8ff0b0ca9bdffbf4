internal import Digest
internal import JSON
package import Job

/// An unsigned list for image files, with the keys that all known readers of such lists ask for.
package struct ListTemplate: Sendable {
    package var identifier: ImageIdentifier
    package var title: String
    package var version: String
    /// Where the signed list will be published.
    package var uri: String
    /// The folder, without a slash at the end, where the image files will be published.
    package var imageFolder: String
    package var vo: String
    package var creator: String
    package var email: String
    /// The names in the endorser's certificate.
    package var dn: DistinguishedName
    package var ca: DistinguishedName
    package var created: Timestamp
    package var expires: Timestamp

    /// How long a list lasts when nobody says otherwise, in seconds.
    package static let usualLifetime: Int64 = 28 * 86_400

    package init(
        identifier: ImageIdentifier = .random(), title: String = "Images", version: String = "1",
        uri: String, imageFolder: String, vo: String, creator: String, email: String,
        dn: DistinguishedName, ca: DistinguishedName, created: Timestamp, expires: Timestamp? = nil
    ) {
        self.identifier = identifier
        self.title = title
        self.version = version
        self.uri = uri
        self.imageFolder = imageFolder
        self.vo = vo
        self.creator = creator
        self.email = email
        self.dn = dn
        self.ca = ca
        self.created = created
        self.expires = expires ?? created + Self.usualLifetime
    }

    /// The JSON text of a list of these files, each under an identifier of its own.
    package func text(_ files: [(file: ImageFile, identifier: ImageIdentifier)]) -> String {
        let list = object([
            ("dc:date:created", .string(created.description)),
            ("dc:date:expires", .string(expires.description)),
            ("dc:identifier", .string(identifier.description)),
            ("dc:title", .string(title)),
            ("dc:description", .string(title)),
            ("dc:source", .string(uri)),
            ("hv:version", .string(version)),
            ("hv:uri", .string(uri)),
            ("ad:vo", .string(vo)),
            (
                "hv:endorser",
                object([
                    (
                        "hv:x509",
                        object([
                            ("dc:creator", .string(creator)),
                            ("hv:email", .string(email)),
                            ("hv:dn", .string(dn.description)),
                            ("hv:ca", .string(ca.description)),
                        ])
                    )
                ])
            ),
            ("hv:images", .array(files.map { object([("hv:image", image($0.file, $0.identifier))]) })),
        ])
        return object([("hv:imagelist", list)]).indented + "\n"
    }

    private func image(_ file: ImageFile, _ identifier: ImageIdentifier) -> JSON {
        let place = "\(imageFolder)/\(file.name)"
        return object([
            ("dc:identifier", .string(identifier.description)),
            ("dc:title", .string(file.name)),
            ("dc:description", .string(file.name)),
            ("dc:date:expires", .string(expires.description)),
            ("hv:version", .string(version)),
            ("hv:uri", .string(place)),
            ("hv:size", .integer(file.size.bytes)),
            ("sl:checksum:sha512", .string(file.sha512.description)),
            ("hv:format", .string(file.format)),
            ("hv:hypervisor", .string("kvm")),
            ("hv:ram_minimum", .string("512")),
            ("hv:core_minimum", .string("1")),
            ("sl:arch", .string("x86_64")),
            ("sl:os", .string("Linux")),
            ("sl:osname", .string("Linux")),
            ("sl:osversion", .string("unknown")),
            ("sl:comments", .string("none")),
            ("ad:mpuri", .string(place)),
            ("ad:group", .string("General")),
            ("ad:user:fullname", .string(creator)),
            ("ad:user:guid", .string(identifier.description)),
            ("ad:user:uri", .string(uri)),
        ])
    }

    private func object(_ members: [(String, JSON)]) -> JSON {
        .object(members.map { JSON.Member($0.0, $0.1) })
    }

    /// The command that signs a list as all known readers accept it: in text mode, detached, with SHA-256 and
    /// the certificate in it.
    package static func signingCommand(
        list: String = "list.json", certificate: String = "usercert.pem", key: String = "userkey.pem",
        output: String = "images.list"
    ) -> String {
        "openssl smime -sign -md sha256 -in \(list) -signer \(certificate) -inkey \(key) -out \(output)"
    }
}
