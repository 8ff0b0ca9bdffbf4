import Foundation
import Glibc

/// What happens to a node.
extension MachineRoom {
    /// Plays a reboot: machines and libvirt end at once, and what lives in memory is empty after it.
    func reboot(killing jobs: [JobOnNode]) async throws {
        try await killLibvirtd()
        for job in jobs {
            for process in try processes(of: job) { kill(process, SIGKILL) }
            try await Harness.soon("the end of QEMU") { try processes(of: job).isEmpty }
        }
        for directory in ["run", "libvirt/run/qemu"] {
            for name in node.names(directory) {
                try FileManager.default.removeItem(atPath: node.path("\(directory)/\(name)"))
            }
        }
        try await start("libvirtd")
    }

    /// Puts a file system over a directory of the node, as the node's programs see it; what the directory holds
    /// is there as well.
    func mount(over directory: String, _ options: String) async throws {
        let path = node.path(directory)
        try await require([
            "/bin/sh", "-euc",
            "mkdir -p \"$1\"; cp -a \"$1\" \"$1.kept\"; mount -t tmpfs -o \"$2\" bivouac-test \"$1\"; cp -a \"$1.kept/.\" \"$1\"",
            "sh", path, options,
        ])
    }

    /// Runs a shell line among the node's mounts, in the node's root.
    @discardableResult
    func shell(_ line: String) async throws -> Outcome {
        try await run(["/bin/sh", "-c", "cd \"$1\" && " + line, "sh", node.root])
    }
}
