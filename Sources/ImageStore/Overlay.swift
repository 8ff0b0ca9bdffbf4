import Digest
import Unix

/// What a machine writes: a qcow2 file over an image of the store, owned by the machine's account.
package enum Overlay {
    /// Longest name of a backing file that QEMU reads from a header, in bytes.
    private static let nameLimit = 1023

    /// Makes the overlay of one machine, which nobody else can read, in a time that does not depend on the
    /// image; a file that is there already is an error.
    ///
    /// It is not synchronised: after a crash of the node no machine goes on from it. The header names the base
    /// by its path in the store for `qemu-img` as root; a QEMU that followed it as the machine's account could
    /// not open it.
    package static func create(at path: String, over base: borrowing VerifiedImage, uid: UInt32, gid: UInt32)
        throws(ImageStoreError)
    {
        try create(
            at: path, over: base.path, format: base.image.format, virtualSize: base.image.virtualSize,
            uid: uid,
            gid: gid)
    }

    /// The same over any file of this format, which holds a disk of that many bytes.
    package static func create(
        at path: String, over backing: String, format: ImageFormat, virtualSize: Int64, uid: UInt32,
        gid: UInt32
    ) throws(ImageStoreError) {
        guard backing.hasPrefix("/"), backing.utf8.count <= nameLimit else {
            throw .file(UnixError("open", UnixError.invalid, backing))
        }
        let overlay = QcowOverlay(
            virtualSize: virtualSize, backingPath: backing, backingFormat: format)
        do throws(UnixError) {
            let file = try FileDescriptor.open(path, [.write, .create, .exclusive, .noFollow], mode: 0o600)
            for piece in overlay.pieces { try file.write(piece.bytes, at: piece.offset) }
            try file.truncate(to: overlay.length)
            try file.changeMode(0o600)
            try file.changeOwner(uid: uid, gid: gid)
        } catch {
            if error.code != UnixError.exists { _ = try? Files.remove(path) }
            throw .file(UnixError(error.call, error.code, path))
        }
    }

    /// SHA-256 of an overlay's file, in hex.
    package static func digest(of path: String) throws(ImageStoreError) -> String {
        do throws(UnixError) {
            let file = try FileDescriptor.open(path, [.read, .noFollow, .nonBlocking])
            var hash = Sha256()
            try file.pieces { hash.update($0) }
            return Hexadecimal.text(hash.finish())
        } catch {
            throw .file(error)
        }
    }
}
