import Foundation
import Site
import Unix

/// What there is to see on the host.
enum Host {
    /// The processes, with their argument vectors.
    static func processes() -> [(pid: Int32, words: [String])] {
        let names = (try? Files.names(in: "/proc")) ?? []
        return names.compactMap { name in
            guard let pid = Int32(name),
                let bytes = FileManager.default.contents(atPath: "/proc/\(pid)/cmdline")
            else { return nil }
            return (pid, bytes.split(separator: 0).map { String(decoding: $0, as: UTF8.self) })
        }
    }

    /// The QEMU processes of a job's machines; of all the cluster's jobs without a key.
    static func machines(of key: String? = nil) -> [Int32] {
        let prefix = key.map { "guest=bivouac-\($0)." } ?? "guest=bivouac-\(Cluster.cluster)-"
        return processes().filter { process in
            process.words.contains { $0.hasPrefix(prefix) } && (process.words.first ?? "").contains("qemu")
        }.map(\.pid)
    }

    /// The processes that serve directories to a job's machines.
    static func servers(of key: String) -> [Int32] {
        let mark = Data("BIVOUAC_MACHINE=\(Cluster.places.machines)/\(key).".utf8)
        return processes().map(\.pid).filter {
            FileManager.default.contents(atPath: "/proc/\($0)/environ")?.range(of: mark) != nil
        }
    }

    /// A field of /proc/PID/status.
    static func status(_ pid: Int32, _ field: String) -> String? {
        guard let bytes = FileManager.default.contents(atPath: "/proc/\(pid)/status") else { return nil }
        let prefix = field + ":"
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").first { $0.hasPrefix(prefix) }
            .map { $0.dropFirst(prefix.count).trimmingCharacters(in: .whitespaces) }
    }

    /// The process of one of the cluster's daemons.
    static func daemon(_ name: String) throws -> Int32 {
        let files = [
            "libvirtd": "services/libvirtd.pid", "slurmd": "slurm/slurmd.pid",
            "slurmctld": "slurm/run/slurmctld.pid",
        ]
        guard let file = files[name],
            let text = FileManager.default.contents(atPath: "\(Cluster.directory)/\(file)"),
            let pid = Int32(
                String(decoding: text, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines))
        else { throw HarnessError("\(name) has no process id file") }
        return pid
    }
}

/// A file that a job's script makes where it runs: it must never appear on the host.
struct Marker: Sendable {
    let path: String

    init(_ name: String) { path = "/var/tmp/bivouac-test-marker-\(name)-\(UUID().uuidString.prefix(8))" }

    var isOnHost: Bool { FileManager.default.fileExists(atPath: path) }

    /// A line of the shell that makes it.
    var command: String { "echo here >\(path)" }

    func remove() { try? FileManager.default.removeItem(atPath: path) }
}
