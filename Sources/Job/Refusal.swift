/// Why a job, an image or a list is not accepted: a stable name for programs and a line for people.
package struct Refusal: Error, Hashable, Sendable, Codable, CustomStringConvertible {
    package let name: Name
    /// One line that says which thing was refused, and what would help.
    package let message: String

    package init(_ name: Name, _ message: String) {
        self.name = name
        // A refusal is printed on one line of a log or of a job's stderr, whatever it quotes.
        var line = ""
        for scalar in message.unicodeScalars.prefix(1000) {
            line.unicodeScalars.append(Self.isPlain(scalar) ? scalar : " ")
        }
        self.message = line
    }

    /// Whether a terminal or log shows it as itself: no control character, none that ends a line or turns the
    /// direction of writing.
    private static func isPlain(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x20, 0x7F..<0xA0, 0x2028...0x202E, 0x2066...0x2069: false
        default: true
        }
    }

    package var description: String { "\(name.rawValue): \(message)" }
}

extension Refusal {
    /// The names are part of the interface: records, `--json` and monitoring rely on their spelling.
    package enum Name: String, Hashable, Sendable, Codable, CaseIterable {
        // The signed container.
        case NotSMIME, UnsupportedContainer, DigestMismatch, MalformedMIME, TrailingData
        case UnexpectedPartHeaders, SignerCertMissing, MultipleSigners, WeakDigest, AlgorithmMismatch
        case UnsupportedSignature, TooLarge
        // Certificates and authorities.
        case UntrustedIssuer, CertExpired, CertNotYetValid, CertRevoked, CRLMissing, CRLExpired
        case CRLNotYetValid, CRLSignatureInvalid, CRLFormat, IssuerRevoked, NamespaceViolation
        case PurposeNotAllowed, ProxyNotAllowed, KeyTooWeak, ChainIncomplete
        // Identity and subscription.
        case EndorserMismatch, EndorserNotAuthorised, AmbiguousEndorser, ListIdentifierMismatch, ListMoved
        case ImageIdConflict, NewImageRefused
        // Freshness.
        case ListExpired, ListNotYetValid, InvalidValidity, Rollback, VersionReplay, RollbackSuspected
        case ImageRollback, FastForward, StaleList
        // The document.
        case MissingField, BadDate, BadType, BadSize, BadChecksum, BadIdentifier, BadURI, DuplicateKey
        case DuplicateImage, NotAnImageList, TooComplex
        // The image file.
        case SizeMismatch, ChecksumMismatch, BadContainer, UnsafeImage
        // Policy.
        case NoImageNamed, AmbiguousImage, BadImageName, UnknownImage, ImageExpired, ImageDenied
        case ClassNotAllowed, QueueNotAllowed, UserNotAllowed, ThresholdNotMet, ImageUnavailable, RootJob
        case MultiNode, QuotaExceeded
        // The machine.
        case GuestNotReady, PrologueTimeout, NotEnoughMemory, UnsupportedSetting, BadNoticeSignal
        case DirectoryUnavailable, BadStageName, UserDiskNotAllowed, UserDiskInUse
    }
}
