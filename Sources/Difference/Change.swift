/// One name in a file system that is not what it was.
package struct Change: Hashable, Sendable {
    /// Whether the name came, went or stands for something else now.
    package enum Kind: String, Sendable, CaseIterable { case added, deleted, changed }

    /// In what a file differs.
    package enum Aspect: String, Sendable, CaseIterable {
        case type, content, mode, owner, attributes, flags, target, device
        /// The time of the last change alone.
        case time
    }

    /// What a name stands for.
    package struct Facts: Hashable, Sendable {
        package var type: String
        /// Permission bits, set-id and sticky bits.
        package var mode: UInt16
        package var uid: UInt32
        package var gid: UInt32
        /// Length in bytes.
        package var size: UInt64
        /// Seconds since 1970, by the guest's clock.
        package var modified: Int64
        /// Where a link leads, printable; the first bytes where that is long.
        package var target: String?
        /// Major and minor number.
        package var device: String?
        /// Names of the extended attributes.
        package var attributes: [String]

        package init(
            type: String, mode: UInt16, uid: UInt32, gid: UInt32, size: UInt64, modified: Int64,
            target: String? = nil, device: String? = nil, attributes: [String] = []
        ) {
            self.type = type
            self.mode = mode
            self.uid = uid
            self.gid = gid
            self.size = size
            self.modified = modified
            self.target = target
            self.device = device
            self.attributes = attributes
        }

        /// A link's target as it is shown: nobody reads more of it, and its length is the link's own.
        static func shown(_ target: [UInt8]) -> String {
            PrintableName.text(Array(target.prefix(256))) + (target.count > 256 ? "..." : "")
        }
    }

    /// From the root of its file system, printable.
    package var path: String
    package var kind: Kind
    package var aspects: [Aspect]
    /// Nil for what was added.
    package var before: Facts?
    /// Nil for what was deleted.
    package var after: Facts?
    /// Why somebody should look at it first.
    package var concerns: [Concern]
    /// Whether starting the image alone would have done it.
    package var isNoise: Bool

    package init(
        path: String, kind: Kind, aspects: [Aspect] = [], before: Facts?, after: Facts?
    ) {
        self.path = path
        self.kind = kind
        self.aspects = aspects
        self.before = before
        self.after = after
        concerns = []
        isNoise = false
        concerns = Concern.of(self)
        isNoise = concerns.isEmpty && Noise.explains(self)
    }
}
