import Foundation
import Site
import Unix

/// The image files in the node's store: what no machine may change.
struct BaseImages: Hashable, Sendable {
    struct File: Hashable, Sendable {
        var path: String
        var sha512: String
        var mode: UInt32
        var uid: UInt32
        var gid: UInt32
        var inode: UInt64
        var modified: Int64
        var changed: Int64
    }

    var files: [File]

    /// Bytes, owner, mode and times of each image in the store.
    static func now() async throws -> BaseImages {
        var files: [File] = []
        let store = Cluster.places.images
        for directory in Leftovers.names(store).sorted() where directory.utf8.count == 128 {
            for name in Leftovers.names("\(store)/\(directory)").sorted() {
                let path = "\(store)/\(directory)/\(name)"
                guard let status = try Files.status(path), status.kind == .regular, status.size > 1 << 20
                else {
                    continue
                }
                let sum = try await Command.require(["/usr/bin/sha512sum", path]).text.prefix(128)
                files.append(
                    File(
                        path: path, sha512: String(sum), mode: status.mode, uid: status.uid, gid: status.gid,
                        inode: status.inode, modified: status.modified, changed: status.changed))
            }
        }
        return BaseImages(files: files)
    }
}
