import Command
import Digest
import ImageTrust
import Job
import ListStore
import Site
import Unix

/// A message to an endorser whose image a site has denied: sites refuse and tell, never patch.
struct Notice {
    let text: String

    init(_ image: Verbs.NamedImage, _ site: Site, reason: String, at now: Timestamp) {
        guard let list = image.list, let entry = image.entry else {
            text = """
                Subject: image \(String(image.digest.description.prefix(16))) denied at \(site.cluster)

                No list in force names the image with SHA-512
                \(image.digest)
                so its endorser is not known here. It is denied since \(now): \(reason)

                """
            return
        }
        let name = Self.line(entry.title)
        text = """
            To: \(Self.address(list, site, at: now))
            Subject: image \(entry.identifier) denied at \(site.cluster)

            Dear endorser,

            the site \(site.cluster) has stopped running an image that you endorsed, from \(now) on.

              reason       \(reason)
              image        \(name), \(entry.identifier), version \(Self.line(entry.version.description))
              SHA-512      \(image.digest)
              published    \(entry.uri)
              list         \(list.identifier), version \(Self.line(list.version.description))
              list at      \(list.uri)
              signed by    \(list.signer.dn)
              certificate  \(list.signer.serial) of \(list.signer.ca)

            We run images as you sign them or not at all. Please look into it, and publish a new version of the
            list with a mended image under the same identifier, or without it. A mended image has another
            SHA-512, so it runs here as soon as your new list has been fetched.

            """
    }

    /// The address in the signed list, if that can be read and is plain.
    private static func address(_ list: StoredList, _ site: Site, at now: Timestamp) -> String {
        let unknown = "(the list gives no usable address of \(list.signer.endorser))"
        let file = ListStore(Places(root: Process.environment("BIVOUAC_ROOT") ?? "")).signedFile(
            list.name, sha256: list.sha256)
        guard let bytes = try? Files.read(file, limit: SignedMessage.usualLimit),
            let verified = try? VerifiedList.verify(
                bytes, anchors: TrustAnchors(directory: site.anchors), at: now),
            let address = verified.list.endorsers.first?.email, isPlain(address)
        else { return unknown }
        return address
    }

    private static func isPlain(_ address: String) -> Bool {
        (3...254).contains(address.utf8.count) && address.contains("@")
            && address.utf8.allSatisfy {
                $0 > 0x20 && $0 < 0x7F && ![0x2C, 0x3A, 0x3B, 0x3C, 0x3E].contains($0)
            }
    }

    private static func line(_ words: String) -> String { Verbs.plain(words) }
}
