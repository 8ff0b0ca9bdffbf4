import Job

/// A small read-only file system for a guest: a label and files, all of them root's.
///
/// The same value always makes the same bytes, whenever and wherever it is written.
package struct Volume: Sendable {
    /// Files of one volume, at most.
    package static let fileLimit = 64
    /// Names in a path, at most.
    static let depthLimit = 4

    /// A file of the volume, owned by root.
    package struct File: Sendable {
        /// Where a file's bytes come from.
        package enum Content: Sendable {
            case bytes([UInt8])
            /// Copied from a regular file in pieces; never held in memory.
            case copy(of: String)
        }

        /// A plain name, or several with slashes between them: then the last one's directories are made too.
        package let name: String
        /// Permission bits, `0o444` or `0o555`.
        package let mode: UInt32
        package let content: Content

        package init(_ name: String, mode: UInt32 = 0o444, _ content: Content) {
            self.name = name
            self.mode = mode
            self.content = content
        }
    }

    /// Volume identifier; what a guest finds the disk by.
    package let label: String
    package let files: [File]

    /// Refuses labels and names that not every reader of ISO 9660 would show as they are.
    package init(label: String, files: [File]) throws(ContextError) {
        guard (1...16).contains(label.utf8.count), label.utf8.allSatisfy({ Self.isLabel($0) }) else {
            throw .invalidLabel(label)
        }
        guard files.count <= Self.fileLimit else { throw .tooLarge("files", limit: Self.fileLimit) }
        var names: Set<String> = []
        for file in files {
            let parts = file.name.split(separator: "/", omittingEmptySubsequences: false)
            guard parts.count <= Self.depthLimit, parts.allSatisfy({ ImageName.isWord($0) }),
                names.insert(file.name.lowercased()).inserted
            else { throw .invalidName(file.name) }
        }
        self.label = label
        self.files = files
    }

    /// The directories that the files lie in, each behind the one that it lies in.
    var directories: [String] {
        var found: Set<String> = []
        for file in files {
            let parts = file.name.split(separator: "/").dropLast()
            for end in parts.indices { found.insert(parts[...end].joined(separator: "/")) }
        }
        return found.sorted()
    }

    private static func isLabel(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default: false
        }
    }
}
