package import Unix

/// Why a disk or a file system on it could not be read.
package enum DiskError: Error, Equatable, CustomStringConvertible {
    /// A structure that contradicts itself or leads outside.
    case malformed(String)
    /// Something that is well formed, as far as one can see, and not read here.
    case unsupported(String)
    case file(UnixError)

    package var description: String {
        switch self {
        case .malformed(let what): "could not read the disk: \(what)"
        case .unsupported(let what): "could not read the disk: \(what) is not supported"
        case .file(let error): "could not read the disk: \(error)"
        }
    }
}
