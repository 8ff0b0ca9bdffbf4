internal import Staging
internal import Unix

/// A user's home directory, as far as it keeps files from being staged.
struct StagedHome {
    private let path: BytePath?
    private let key: FileKey?
    private let above: Set<FileKey>

    init(_ path: BytePath?) {
        let directory = path.flatMap { try? $0.open([.path, .directory]) }
        var physical: BytePath?
        var key: FileKey?
        var above: Set<FileKey> = []
        switch directory {
        case .some(let directory):
            physical = directory.physicalPath
            key = (try? directory.status()).map { FileKey($0) }
        case nil: break
        }
        // The root directory is above every home, also above one that is not there.
        var next = physical?.parent ?? BytePath(Array("/".utf8))
        while let path = next {
            if let status = try? path.status() { above.insert(FileKey(status)) }
            next = path.parent
        }
        self.path = physical
        self.key = key
        self.above = above
    }

    func isHome(_ status: FileStatus) -> Bool { FileKey(status) == key }

    func isAtOrAbove(_ status: FileStatus) -> Bool { isHome(status) || above.contains(FileKey(status)) }

    /// Whether a directory, or a name in it, lies at or below a name in the home that begins with a dot.
    func hides(_ directory: borrowing FileDescriptor, _ name: FileName?) -> Bool {
        guard let path, let place = directory.physicalPath else { return false }
        let whole = place.bytes + [UInt8(ascii: "/")] + (name.map { Array($0.bytes) } ?? [])
        return whole.starts(with: path.bytes + Array("/.".utf8))
    }

    func check(_ name: FileName, in directory: borrowing FileDescriptor) throws(UnixError) {
        if hides(directory, name) {
            throw UnixError(
                "stage", UnixError.notPermitted, "\(name.text), which begins with a dot in the home,")
        }
        guard let status = try directory.status(of: name) else { return }
        if status.kind == .link { throw UnixError("stage", UnixError.loop, "\(name.text), a link,") }
        if isAtOrAbove(status) {
            throw UnixError("stage", UnixError.notPermitted, "\(name.text), a home directory or one above,")
        }
    }
}
