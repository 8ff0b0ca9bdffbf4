internal import Unix

/// Where the installed programs are: in the directory of the one that runs.
package struct Programs: Hashable, Sendable {
    /// The release, as records name it.
    package static let version = "0.1"

    package let directory: String

    /// The directory is `PREFIX/libexec/bivouac`.
    package init(directory: String) { self.directory = directory }

    /// Beside the program that runs now.
    package static var installed: Programs { Programs(directory: Files.parent(Process.executable)) }

    /// The static agent that machines are given.
    package var guest: String { directory + "/bivouac-guest" }
    /// What becomes the server of a shared directory.
    var share: String { directory + "/bivouac-share" }
}
