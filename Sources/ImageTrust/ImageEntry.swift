package import Digest
package import Job

/// What an endorser says of one image (`hv:image`).
package struct ImageEntry: Hashable, Sendable, Codable {
    package var identifier: ImageIdentifier
    package var title: String
    package var description: String
    package var version: ListVersion
    package var uri: ListURI
    /// Bytes of the file as it is transferred.
    package var size: ByteCount
    package var sha512: ImageDigest
    /// `hv:format` in lower case; nil when the list does not say it.
    package var format: String?
    package var hypervisor: String
    package var arch: String
    package var os: String
    package var osVersion: String
    package var comments: String
    /// The image's own end; nil when it ends with the list.
    package var expires: Timestamp?

    package init(
        identifier: ImageIdentifier, title: String = "", description: String = "", version: ListVersion,
        uri: ListURI, size: ByteCount, sha512: ImageDigest, format: String? = nil, hypervisor: String = "",
        arch: String = "", os: String = "", osVersion: String = "", comments: String = "",
        expires: Timestamp? = nil
    ) {
        self.identifier = identifier
        self.title = title
        self.description = description
        self.version = version
        self.uri = uri
        self.size = size
        self.sha512 = sha512
        self.format = format
        self.hypervisor = hypervisor
        self.arch = arch
        self.os = os
        self.osVersion = osVersion
        self.comments = comments
        self.expires = expires
    }
}
