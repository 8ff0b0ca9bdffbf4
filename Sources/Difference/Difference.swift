/// What a machine changed on its disk: its image against what became of it.
///
/// All of it was read from what the guest wrote; nothing in it is to be trusted but that it was read so.
package struct Difference: Hashable, Sendable {
    /// What one partition holds that is not what it was.
    package struct Part: Hashable, Sendable {
        /// `partition 1`, or `disk`.
        package var name: String
        /// First byte on the disk, and length in bytes.
        package var start: UInt64
        package var size: UInt64
        /// Kind of file system.
        package var kind: String
        /// Whether it takes a reader from elsewhere, so that nothing is known yet of what differs.
        package var isForeign = false
        /// Bytes that are not what they were, whatever they belong to; more by up to 4095 for each place.
        package var changedBytes: UInt64
        package var changes: [Change] = []
        /// Files without a name that were open when the machine ended.
        package var unlinked = 0
        /// What could not be read, and why.
        package var unread: [String] = []
        /// Whether there are more changes or faults than are listed.
        package var isCut = false

        package init(name: String, start: UInt64, size: UInt64, kind: String, changedBytes: UInt64) {
            self.name = name
            self.start = start
            self.size = size
            self.kind = kind
            self.changedBytes = changedBytes
        }

        /// The part with what a reader from elsewhere has found.
        package func read(_ found: Part) -> Part {
            var part = self
            (part.changes, part.isCut, part.isForeign) = (found.changes, found.isCut, false)
            return part
        }

        /// The part with why it was not read.
        package func unread(_ why: String) -> Part {
            var part = self
            part.unread.append("/: " + why)
            part.isForeign = false
            return part
        }
    }

    package var parts: [Part]
    /// What was found besides, such as a changed boot loader; the gravest there is.
    package var findings: [String]
    /// Bytes outside of all partitions that are not what they were.
    package var outsideBytes: UInt64

    package init(parts: [Part], findings: [String], outsideBytes: UInt64) {
        self.parts = parts
        self.findings = findings
        self.outsideBytes = outsideBytes
    }

    /// Whether all of what changed could be read and told.
    package var isComplete: Bool { parts.allSatisfy { $0.unread.isEmpty && !$0.isCut && !$0.isForeign } }
}
