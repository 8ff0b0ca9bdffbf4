import Batch
import Command
import JSON
import Job
import JobMachine
import NameService
import Site
import Unix

extension Verbs {
    static let disk = [
        Verb(
            "disk", "list", "", "the disks that users keep on this node, and which job has one", words: 0...0,
            run: listDisks),
        Verb(
            "disk", "remove", "USER",
            "removes a user's disk with all that is on it; USER is a name or a number",
            words: 1...1, run: removeDisk),
    ]

    private struct Disk: Encodable {
        let user: String
        let uid: UInt32
        let size: ByteCount
        let used: ByteCount
        let changed: Timestamp
        let job: String?
    }

    private static func listDisks(_ tool: Tool, _ arguments: Arguments) throws -> Int32 {
        try tool.requireRoot()
        let disks = try UserDisk.list(tool.places).map { entry in
            Disk(
                user: NameService.account(uid: entry.uid)?.name ?? "", uid: entry.uid, size: entry.size,
                used: entry.used, changed: entry.changed, job: entry.holder?.description)
        }
        try tool.show(
            disks,
            Table.text(
                ["USER", "UID", "SIZE", "USED", "CHANGED", "JOB"],
                disks.map {
                    [$0.user, "\($0.uid)", "\($0.size)", "\($0.used)", "\($0.changed)", $0.job ?? ""]
                }))
        return ExitStatus.success
    }

    private static func removeDisk(_ tool: Tool, _ arguments: Arguments) throws -> Int32 {
        try tool.requireRoot()
        let word = arguments.words[0]
        guard let uid = UInt32(word) ?? NameService.account(named: word)?.uid else {
            throw Failure(ExitStatus.usage, "there is no account '\(word)'")
        }
        guard Files.exists(tool.places.userDisk(uid).path) else {
            throw Failure(ExitStatus.dataRefused, "'\(word)' has no disk on this node")
        }
        let disk = UserDisk(uid, tool.places)
        var holder = try disk.holder()
        if holder == nil {
            try act(tool, "disk remove", [.init("uid", .integer(Int64(uid)))])
            holder = try disk.remove(before: Deadline(seconds: 20))
        }
        if let holder {
            throw Failure(ExitStatus.tryAgain, "the disk of '\(word)' is in use by job \(holder)")
        }
        try tool.show(["uid": uid], "gone: the disk of '\(word)'")
        return ExitStatus.success
    }
}
