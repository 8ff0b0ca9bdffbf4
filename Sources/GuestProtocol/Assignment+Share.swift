extension Assignment {
    /// The serial number of the disk that a user keeps; virtio has room for 20 bytes.
    package static let userDiskSerial = "bivouac-user-disk"

    /// A directory of the host that the machine shares (virtiofs).
    package struct Share: Hashable, Sendable {
        /// What it is mounted by: 1 to 36 letters and digits.
        package var tag: String
        /// Where it is to be seen, once or under several names; absolute, and no place of the image's.
        package var paths: [String]
        package var readOnly: Bool

        package init(tag: String, paths: [String], readOnly: Bool) {
            self.tag = tag
            self.paths = paths
            self.readOnly = readOnly
        }

        /// The most shares of a machine, and paths of a share.
        static let limit = 16

        static func isTag(_ text: String) -> Bool {
            (1...36).contains(text.utf8.count)
                && text.utf8.allSatisfy { (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) }
        }
    }
}
