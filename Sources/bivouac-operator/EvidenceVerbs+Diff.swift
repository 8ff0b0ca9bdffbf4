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
    private static let outputLimit = 96 << 20
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
            descriptors: [image.file.rawValue, overlay.rawValue], seconds: seconds, outputLimit: outputLimit)
        guard result.succeeded else {
            let words = PrintableName.text(Array(result.errors.prefix(2000).filter { $0 != 10 }))
            throw Failure(
                ExitStatus.dataRefused,
                "could not compare \(path): " + (words.isEmpty ? "bivouac-difference \(result.end)" : words))
        }
        let limits = JSON.Limits(bytes: outputLimit, depth: 16, values: 8 << 20)
        guard let difference = Difference(json: try JSON(parsing: result.output, limits: limits)) else {
            throw Failure(ExitStatus.unavailable, "bivouac-difference said something else than a difference")
        }
        return difference
    }

    /// Beside this program.
    private static var differenceProgram: String { Files.parent(Process.executable) + "/bivouac-difference" }
}
