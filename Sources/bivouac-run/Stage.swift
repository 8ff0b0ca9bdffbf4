internal import GuestProtocol
internal import JSON
internal import Job
internal import Staging
internal import Unix

/// The user's files that go into the machine and come back: opened once, with the user's own rights, by what root's
/// record says of the job.
struct Stage {
    let places: [OpenPlace]
    let order: StageOrder
    /// The most that may come back.
    let limit: ByteCount
    /// Outputs of the job, which the batch system writes and no machine replaces.
    let kept: Set<FileKey>
    /// What goes there; nil when nothing is to be removed here.
    let sent: SentTree?

    /// What root's record asks for.
    struct Request {
        let limit: ByteCount
        /// What the job named; empty for its whole working directory.
        let names: [BytePath]
        let removes: Bool
        let home: BytePath?
        let queue: String

        /// Nil when nothing is staged.
        init?(record: JSON) {
            guard let stage = record["stage"], let limit = stage["limit"]?.integer else { return nil }
            self.limit = ByteCount(limit)
            names =
                stage["names"]?.elements?.compactMap { $0.text.flatMap { BytePath(Array($0.utf8)) } } ?? []
            removes = stage["removes"] == .bool(true)
            home = stage["home"]?.text.flatMap { BytePath(Array($0.utf8)) }
            queue = record["queue"]?.text ?? ""
        }
    }

    /// Opens what is to be staged; nil for nothing.
    init?(_ request: Request, in directory: BytePath) throws(Failure) {
        let home = StagedHome(request.home)
        let chosen =
            request.names.isEmpty
            ? Self.whole(directory, home) : try Self.named(request.names, in: directory, home)
        guard !chosen.isEmpty else { return nil }
        places = chosen.map(\.open)
        limit = request.limit
        kept = Set([1, 2].compactMap { Descriptors.status($0).map { FileKey($0) } })
        sent = request.removes ? SentTree(places: places.count) : nil
        let size = TreeSender.measure(places, leavingOut: kept)
        guard size <= limit.bytes else {
            throw Failure(
                .configuration,
                "what goes into the machine holds \(ByteCount(size).rounded), more than workdir_limit = "
                    + "\"\(limit)\" of queue \(request.queue) allows: name what the job needs with stage=NAME words"
            )
        }
        order = StageOrder(places: chosen.map(\.place), size: size, removes: request.removes)
    }

    private typealias Chosen = (open: OpenPlace, place: StageOrder.Place)

    /// The working directory, unless it is a home, has one below it, or is everybody's, such as `/tmp`.
    private static func whole(_ path: BytePath, _ home: StagedHome) -> [Chosen] {
        do throws(UnixError) {
            let directory = try path.open([.read, .directory])
            let status = try directory.status()
            guard !home.isAtOrAbove(status), status.mode & 0o1002 != 0o1002 else { return [] }
            guard !home.hides(directory, nil) else {
                Process.report(
                    "bivouac: \(path.text) begins with a dot in the home directory and is not staged")
                return []
            }
            return [(OpenPlace(directory, names: nil), .init(path: path, names: nil))]
        } catch {
            Process.report("bivouac: the working directory is not staged: \(error)")
            return []
        }
    }

    /// What words of the job name, each in the directory that it lies in.
    private static func named(_ paths: [BytePath], in directory: BytePath, _ home: StagedHome) throws(Failure)
        -> [Chosen]
    {
        var names: [BytePath: [FileName]] = [:]
        var order: [BytePath] = []
        for path in paths {
            let full = path.isAbsolute ? path : BytePath(directory.bytes + [UInt8(ascii: "/")] + path.bytes)
            guard let full, let name = full.names?.last, let parent = full.parent else {
                throw Failure(.configuration, "stage=\(path.text) names nothing that can be staged")
            }
            if names[parent] == nil { order.append(parent) }
            names[parent, default: []].append(name)
        }
        guard order.count <= StageOrder.most, names.values.allSatisfy({ $0.count <= 200 }) else {
            throw Failure(.configuration, "more stage= words than a job may have")
        }
        var chosen: [Chosen] = []
        for parent in order {
            let names = names[parent] ?? []
            do throws(UnixError) {
                let directory = try parent.open([.read, .directory])
                for name in names { try home.check(name, in: directory) }
                let isHome = try home.isHome(directory.status())
                chosen.append(
                    (
                        OpenPlace(directory, names: names, keepsHidden: isHome),
                        .init(path: parent, names: names)
                    ))
            } catch { throw Failure(.configuration, "stage= cannot name that: \(error)") }
        }
        return chosen
    }
}

extension ByteCount {
    /// In the largest unit that leaves at least ten of it: enough for a message.
    fileprivate var rounded: String {
        for (unit, shift) in [("GiB", 30), ("MiB", 20), ("KiB", 10)] where bytes >= 10 << shift {
            return "\(bytes >> Int64(shift)) \(unit)"
        }
        return "\(bytes) B"
    }
}
