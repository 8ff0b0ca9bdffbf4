internal import GuestProtocol
internal import Job
internal import Libvirt
internal import Site

/// What a job's machine has of its host's files, as its queue says and the job wants: directories, and the disk that
/// its user keeps.
struct HostFiles: Hashable {
    /// A directory that the machine sees live, with its user's rights.
    struct Directory: Hashable {
        let path: String
        let readOnly: Bool
    }

    /// The word by which a job asks for its user's disk.
    static let word = "user_disk="

    /// In the order in which they are mounted: what may lie in another one comes later.
    let directories: [Directory]
    /// The size of the user's disk, should it be made; nil for a job that has none.
    let userDisk: ByteCount?

    init(_ job: Job, _ site: Site) throws(Refusal) {
        guard let queue = site.queues[job.queue] else {
            throw Refusal(.QueueNotAllowed, "'\(job.queue)' is not a queue whose jobs run in machines")
        }
        var directories = site.exports.filter { queue.exports.contains($0.name) }.map {
            Directory(path: $0.path, readOnly: true)
        }
        if queue.workdir == .virtiofs {
            guard let path = job.directory, GuestPlace.allows(text: path) else {
                throw Refusal(
                    .DirectoryUnavailable,
                    "the working directory '\(job.directory ?? "")' cannot be shared with a machine: submit the job "
                        + "from a directory that is no part of a system")
            }
            directories.append(Directory(path: path, readOnly: false))
        }
        self.directories = directories
        userDisk = try Self.userDisk(job, queue)
    }

    private static func userDisk(_ job: Job, _ queue: Queue) throws(Refusal) -> ByteCount? {
        guard let wish = job.words.last(where: { $0.hasPrefix(word) })?.dropFirst(word.count) else {
            return nil
        }
        guard wish == "yes" else {
            throw Refusal(
                .UserDiskNotAllowed,
                "'\(word)\(wish.prefix(40))' is no wish for the user's disk: write \(word)yes")
        }
        guard let size = queue.userDisk else {
            throw Refusal(
                .UserDiskNotAllowed, "jobs of the queue '\(queue.name)' have no disk of their user's")
        }
        return size
    }

    /// What the guest mounts a directory by.
    static func tag(_ number: Int) -> String { "share\(number)" }

    /// The directories as the machine's description has them.
    func shares(in directory: MachineDirectory) -> [DomainDescription.Share] {
        directories.indices.map { .init(tag: Self.tag($0), socket: directory.shareSocket($0)) }
    }
}
