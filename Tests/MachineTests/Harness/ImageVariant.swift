import Foundation
import Unix

/// The demo image with other start-up scripts: an image as somebody else makes it.
enum ImageVariant {
    /// Contextualisation by OpenNebula's rules: the device labelled CONTEXT, its context.sh as variables, then
    /// INIT_SCRIPTS, by default init.sh, and START_SCRIPT, as root.
    static let openNebula = """
        [ "${1-}" = start ] || exit 0
        device=$(findfs LABEL=CONTEXT) || exit 0
        mkdir -p /mnt/one
        mount -t iso9660 -o ro "$device" /mnt/one || exit 0
        set -a
        . /mnt/one/context.sh
        set +a
        for script in ${INIT_SCRIPTS:-init.sh}; do
            [ ! -f "/mnt/one/$script" ] || sh "/mnt/one/$script"
        done
        if [ -n "${START_SCRIPT-}" ]; then
            printf '%s' "$START_SCRIPT" >/var/tmp/start
            sh /var/tmp/start
        fi
        """

    /// Publishes the image of a list with these instead of the demo's own prolog and epilog; nil leaves one as
    /// it is.
    static func publish(
        _ list: TestList, prolog: String? = nil, epilog: String? = nil, _ more: String = ""
    ) async throws {
        let raw = list.file + ".raw"
        defer { _ = try? Files.remove(raw) }
        try await Command.require([
            "/usr/bin/qemu-img", "convert", "-q", "-O", "raw", Cluster.directory + "/image/minimal.qcow2",
            raw,
        ])
        for (name, body) in [("vmcontext_prolog", prolog), ("vmcontext_epilog", epilog)] {
            if let body { try await replace("/etc/init.d/" + name, in: raw, with: "#!/bin/sh\n\(body)\n") }
        }
        try Files.remove(list.file)
        try await Command.require([
            "/usr/bin/qemu-img", "convert", "-q", "-f", "raw", "-O", "qcow2", raw, list.file,
        ])
        try await list.publish([], more)
    }

    private static func replace(_ path: String, in disk: String, with text: String) async throws {
        let file = disk + ".file"
        let orders = disk + ".orders"
        defer { for made in [file, orders] { _ = try? Files.remove(made) } }
        try Files.write(text, to: file, mode: 0o755)
        try Files.write("rm \(path)\nwrite \(file) \(path)\nsif \(path) mode 0100755\n", to: orders)
        // The start of the first partition, in sectors: bytes 454 to 457 of the disk, least significant first.
        let head = try FileDescriptor.open(disk, .read).read(upTo: 512)
        let start = (0..<4).reduce(0) { $0 | Int(head[454 + $1]) << (8 * $1) }
        let outcome = try await Command.require(
            ["/usr/sbin/debugfs", "-w", "-f", orders, "\(disk)?offset=\(start * 512)"])
        guard !outcome.text.contains("not found") else { throw HarnessError("debugfs: \(outcome.errors)") }
    }
}
