package import Digest
package import Job
package import Unix

/// Why the store could not do what it was asked.
package enum ImageStoreError: Error, Equatable, CustomStringConvertible {
    /// The image itself is at fault.
    case refused(Refusal)
    /// The image is needed: a start state, a pin or a machine points at it.
    case inUse(ImageDigest, [String])
    /// The image does not fit, with what is there and needed.
    case full(SpaceShortage)
    /// What is needed could not be found out, so that nothing may go.
    case unknownNeeds(String)
    /// What becomes of an image could not be written to the audit log.
    case unrecorded(String)
    /// Somebody else was still fetching the image when the time was over.
    case busy(ImageDigest)
    /// The image had not come in time; the next fetch goes on from there.
    case late(ImageDigest, have: Int64, of: Int64)
    /// The program that takes images out of their packing could not be used.
    case unpacker(String)
    case file(UnixError)

    /// Who has to mend it.
    package var blame: Blame {
        switch self {
        case .refused: .job
        case .full(let shortage):
            // A node whose disk is full needs somebody; a bound that the site has set is no fault of the node.
            if case .fileSystem = shortage.bound { .node } else { .job }
        case .inUse, .unknownNeeds, .unrecorded, .busy, .late, .unpacker, .file: .node
        }
    }

    package var description: String {
        switch self {
        case .refused(let refusal): refusal.description
        case .inUse(let digest, let reasons):
            "could not evict the image \(digest.short): " + reasons.joined(separator: ", ")
        case .full(let shortage): shortage.description
        case .unknownNeeds(let why): "could not evict any image: what is needed is not known: \(why)"
        case .unrecorded(let why): "could not tell what becomes of an image: \(why)"
        case .busy(let digest): "could not fetch the image \(digest.short): another process is still at it"
        case .late(let digest, let have, let size):
            "could not fetch the image \(digest.short) in time: \(have) of \(size) bytes are here, and the next "
                + "fetch goes on from there"
        case .unpacker(let why): "could not unpack the image: \(why)"
        case .file(let error): "could not use the image store: \(error)"
        }
    }

    static func refused(_ name: Refusal.Name, _ message: String) -> ImageStoreError {
        .refused(Refusal(name, message))
    }
}

extension ImageDigest {
    /// Enough of it to tell images apart in a message.
    package var short: String { String(description.prefix(12)) }
}
