internal import Unix

/// What has been sent, name by name: what its receiver may have removed.
package final class SentTree {
    /// In the order of the places.
    package let places: [SentDirectory]

    package init(places: Int) { self.places = (0..<places).map { _ in SentDirectory() } }
}

/// What has been sent of one directory.
package final class SentDirectory {
    var files: Set<FileName> = []
    var directories: [FileName: SentDirectory] = [:]

    /// Removes what has the name, no more of it than was sent.
    func remove(_ name: FileName, from parent: borrowing FileDescriptor) throws(UnixError) {
        if files.contains(name) { return try parent.remove(name) }
        guard let sent = directories[name] else {
            throw UnixError("unlinkat", UnixError.notPermitted, name.text)
        }
        let directory = try parent.open(name, [.path, .directory])
        for name in sent.files { try? directory.remove(name) }
        for name in sent.directories.keys { try? sent.remove(name, from: directory) }
        try parent.remove(name, isDirectory: true)
    }
}
