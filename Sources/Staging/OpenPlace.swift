package import Unix

/// A directory that is staged, or some names in it, opened once and never looked up again.
package final class OpenPlace: Sendable {
    package let directory: FileDescriptor
    /// What of it is staged; nil for everything.
    package let names: [FileName]?
    /// Whether names that begin with a dot stay as they are here: it is somebody's home.
    package let keepsHidden: Bool

    package init(_ directory: consuming FileDescriptor, names: [FileName]?, keepsHidden: Bool = false) {
        self.directory = directory
        self.names = names
        self.keepsHidden = keepsHidden
    }

    /// Whether something of that name at the top of the place may be written.
    func allows(_ name: FileName) -> Bool {
        if keepsHidden, name.isHidden { return false }
        return names?.contains(name) ?? true
    }
}
