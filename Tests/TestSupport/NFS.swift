import Foundation

/// A directory that the kernel's NFS server exports, and where it is mounted read-only: Tests/guests/kernel makes
/// both in a machine that nobody else uses.
package struct NFS: Sendable {
    package let exported: String
    package let mounted: String
    /// Starts the server, or ends it when told `off`.
    private let server: String

    /// From `BIVOUAC_TEST_NFS=EXPORTED:MOUNTED:SERVER`; nil where there is none.
    package static let here: NFS? = {
        let words = ProcessInfo.processInfo.environment["BIVOUAC_TEST_NFS"]?.split(separator: ":") ?? []
        return words.count == 3
            ? NFS(exported: String(words[0]), mounted: String(words[1]), server: String(words[2])) : nil
    }()

    /// Runs the body while there is no server.
    package func away(_ body: () throws -> Void) throws {
        _ = try run("/bin/bash", [server, "off"])
        defer { _ = try? run("/bin/bash", [server]) }
        try body()
    }

    /// Has the server forget what it knows of those who mounted it.
    package func forget() throws {
        let script = "for file in /proc/fs/nfsd/clients/*/ctl; do echo expire >$file; done"
        _ = try run("/bin/sh", ["-ec", script])
    }
}
