import Foundation
import Testing
import Site
import Unix

/// What may be left of a job on the node, and must not be.
enum Leftovers {
    /// What is there of one job.
    static func of(_ key: String) async throws -> [String] {
        let places = Cluster.places
        var left = try await domains().filter { $0.hasPrefix("bivouac-\(key).") }.map { "domain \($0)" }
        left += Host.machines(of: key).map { "process \($0)" }
        left += Host.servers(of: key).map { "server \($0)" }
        left += names(places.jobs).filter { $0 == key }.map { "directory \(places.jobs)/\($0)" }
        left += names(places.machines).filter { $0.hasPrefix(key + ".") }.map {
            "directory \(places.machines)/\($0) with \(names("\(places.machines)/\($0)"))"
        }
        left += try mounts().filter { $0.contains("/\(key)") }.map { "mount \($0)" }
        return left
    }

    /// What is there of any job, and what the node should not be in.
    static func expectNone() async throws {
        let places = Cluster.places
        #expect(try await domains().isEmpty)
        #expect(Host.machines().isEmpty)
        #expect(names(places.jobs).isEmpty)
        #expect(names(places.machines).isEmpty)
        // The node's own ticks hold some for a moment.
        try await eventually("no lock is held", within: 600) { try locks().isEmpty ? true : nil }
        #expect(try mounts().isEmpty)
        // Slurm counts a job's last step as over some time after its end.
        try await eventually("the node is idle", within: 600) {
            try await Node.state() == "idle" ? true : nil
        }
    }

    /// All domains of the cluster's libvirt, running or defined.
    static func domains() async throws -> [String] {
        try await Command.require(["/usr/bin/virsh", "-q", "-c", Cluster.libvirt, "list", "--all", "--name"])
            .text.split(separator: "\n").map(String.init)
    }

    /// Mounts that a machine or its job might have left, as this process sees them.
    private static func mounts() throws -> [String] {
        let text = String(
            decoding: FileManager.default.contents(atPath: "/proc/self/mounts") ?? Data(), as: UTF8.self)
        return text.split(separator: "\n").map(String.init).filter { $0.contains("\(Cluster.directory)/") }
    }

    /// Locks that somebody holds on files of jobs, accounts or images.
    private static func locks() throws -> [String] {
        let text = String(
            decoding: FileManager.default.contents(atPath: "/proc/locks") ?? Data(), as: UTF8.self)
        let held = Set(
            text.split(separator: "\n").compactMap { line in
                line.split(separator: " ").first { $0.contains(":") && $0.split(separator: ":").count == 3 }
                    .flatMap { $0.split(separator: ":").last }.flatMap { UInt64($0) }
            })
        let places = Cluster.places
        var files: [String] = []
        for directory in [places.run, places.state] {
            guard let walk = FileManager.default.enumerator(atPath: directory) else { continue }
            for case let name as String in walk { files.append(directory + "/" + name) }
        }
        return try files.filter { path in
            guard let status = try Files.status(path), status.kind == .regular else { return false }
            return held.contains(status.inode)
        }
    }

    static func names(_ directory: String) -> [String] { (try? Files.names(in: directory)) ?? [] }
}
