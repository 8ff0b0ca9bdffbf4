internal import ImageTrust
package import Job
internal import Site

/// An image that a machine runs on since it was admitted.
package struct RunningImage: Hashable, Sendable {
    package var name: ImageName
    package var sha512: String
    package var identifier: String
    /// What the site called the endorser then, and for whom he spoke.
    package var endorser: String
    package var vo: String

    package init(name: ImageName, sha512: String, identifier: String, endorser: String, vo: String) {
        self.name = name
        self.sha512 = sha512
        self.identifier = identifier
        self.endorser = endorser
        self.vo = vo
    }
}

/// Why a machine would not start any more.
package struct Revocation: Hashable, Sendable {
    package let refusal: Refusal
    /// Whether somebody has said so: an authority, an endorser or the site.
    ///
    /// What merely ran out, cannot be known at the moment or stands in a file that cannot be read is told and ends
    /// no machine.
    package let isCertain: Bool
}
