import Batch
import Command
import Difference
import Digest
import Evidence
import ImageStore
import JSON
import Job
import Site
import Unix

extension Verbs {
    static func diff(_ tool: Tool, _ arguments: Arguments) throws -> Int32 {
        try tool.requireRoot()
        let kept = try paths(tool, arguments.words[0]).filter { try store(tool).hasOverlay($0) }
        guard let path = kept.last else {
            throw Failure(
                ExitStatus.dataRefused,
                "no disk of \(arguments.words[0]) was kept: end_state in [evidence], the queue or lists.d says when"
            )
        }
        let difference = try difference(tool, path)
        if tool.json {
            let members = [JSON.Member("evidence", .string(path))] + (difference.json.members ?? [])
            Process.print(JSON.object(members).description + "\n")
        } else {
            Process.print("\(path)\n\n\(DifferenceText(difference).text)")
        }
        return difference.isComplete ? ExitStatus.success : ExitStatus.dataRefused
    }

    /// The most that the comparing program may say.
    static let differenceLimit = 96 << 20
    private static let seconds = 900

    /// What the machine with that evidence changed.
    ///
    /// A program without any rights reads the disk: root only opens the files.
    static func difference(_ tool: Tool, _ path: String) throws -> Difference {
        let entry = try store(tool).entry(path)
        guard let start = entry.start, let digest = ImageDigest(start.image.sha512) else {
            throw Failure(
                ExitStatus.dataRefused,
                "the start state of \(path) cannot be read: which image it was is lost")
        }
        let image = try ImageStore(directory: tool.places.images).open(digest)
        let overlay = try store(tool).openOverlay(path)
        let result = try Child.run(
            differenceProgram, [image.image.format.rawValue], environment: [],
            descriptors: [image.file.rawValue, overlay.rawValue], seconds: seconds,
            outputLimit: differenceLimit)
        guard result.succeeded else {
            throw Failure(ExitStatus.dataRefused, "could not compare \(path): \(words(of: result))")
        }
        var difference = try Self.difference(result.output)
        guard difference.parts.contains(where: \.isForeign) else { return difference }
        let disks = ForeignPart.Disks(
            image: try image.file.duplicate(), format: image.image.format.rawValue, overlay: overlay)
        difference.parts = try difference.parts.map {
            $0.isForeign ? try ForeignPart.read($0, on: disks, tool) : $0
        }
        return difference
    }

    /// What the comparing program has written.
    static func difference(_ output: [UInt8]) throws -> Difference {
        let limits = JSON.Limits(bytes: differenceLimit, depth: 16, values: 8 << 20)
        guard let difference = Difference(json: try JSON(parsing: output, limits: limits)) else {
            throw Failure(ExitStatus.unavailable, "bivouac-difference said something else than a difference")
        }
        return difference
    }

    /// What a program said that failed, or how it ended when it said nothing; all of it may be a guest's.
    static func words(of result: Child.Result) -> String {
        let words = PrintableName.text(result.errors.prefix(2000).map { $0 == 10 ? 32 : $0 })
        return words.isEmpty ? "its program ended: \(result.end)" : words
    }

    /// Beside this program.
    static var differenceProgram: String { Files.parent(Process.executable) + "/bivouac-difference" }
}
