import Foundation
import Job

extension RefusalCase {
    /// What the files of the host that a job wants are refused for.
    static let byFiles: [RefusalCase] = [
        RefusalCase(
            .DirectoryUnavailable, "a working directory of the system's", names: "'/etc'",
            job: JobOnNode(more: ["SLURM_JOB_WORK_DIR": "/etc"])
        ) { try live($0) },
        RefusalCase(
            .DirectoryUnavailable, "a link into the system", names: "which is /etc",
            job: JobOnNode(more: ["SLURM_JOB_WORK_DIR": "/tmp/bivouac-test-link"])
        ) { node in
            try live(node)
            try? FileManager.default.removeItem(atPath: "/tmp/bivouac-test-link")
            try FileManager.default.createSymbolicLink(
                atPath: "/tmp/bivouac-test-link", withDestinationPath: "/etc")
        },
        RefusalCase(
            .DirectoryUnavailable, "a working directory that its user cannot enter",
            names: "Permission denied",
            job: JobOnNode(more: ["SLURM_JOB_WORK_DIR": "/tmp/bivouac-test-private"])
        ) { node in
            try live(node)
            try FileManager.default.createDirectory(
                atPath: "/tmp/bivouac-test-private", withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700])
        },
        RefusalCase(
            .UserDiskNotAllowed, "a disk that the queue does not give", names: "no disk",
            job: JobOnNode(comment: "user_disk=yes")),
    ]

    private static func live(_ node: Node) throws { try node.configure(queue: ["workdir": "\"virtiofs\""]) }
}
