import Batch
import Command
import Digest
import ImageStore
import Job
import JobMachine
import JSON
import Site
import Unix

extension Verbs {
    static func pinImage(_ tool: Tool, _ arguments: Arguments) throws -> Int32 {
        try tool.requireRoot()
        let site = try tool.site()
        let image = try named(arguments.words[0], tool, site)
        let reason = plain(arguments["reason"] ?? "")
        guard reason.utf8.count <= 500 else {
            throw Failure(ExitStatus.usage, "--reason must be one line of at most 500 bytes")
        }
        let pin = ImagePin(by: "uid \(Process.loginUser)", since: tool.now, reason: reason)
        try audit(tool, "image pin", image, [.init("reason", .string(reason))])
        let isHere = try tool.images(site).store.pin(image.digest, pin, before: Deadline(seconds: 600))
        try tool.show(
            ["sha512": image.digest.description, "onNode": isHere ? "yes" : "no"],
            isHere
                ? "pinned: \(image.digest)"
                : "pinned, though not on this node yet: bivouac image fetch \(arguments.words[0])")
        return ExitStatus.success
    }

    static func unpinImage(_ tool: Tool, _ arguments: Arguments) throws -> Int32 {
        try tool.requireRoot()
        let site = try tool.site()
        let image = try named(arguments.words[0], tool, site)
        try audit(tool, "image unpin", image, [])
        let was = try tool.images(site).store.unpin(image.digest)
        try tool.show(
            ["sha512": image.digest.description, "wasPinned": was ? "yes" : "no"],
            was ? "pinned no more: \(image.digest)" : "was not pinned: \(image.digest)")
        return ExitStatus.success
    }

    static func evictImage(_ tool: Tool, _ arguments: Arguments) throws -> Int32 {
        try tool.requireRoot()
        let site = try tool.site()
        let image = try named(arguments.words[0], tool, site)
        let images = tool.images(site)
        if arguments.has("damaged") {
            try audit(tool, "image evict --damaged", image, [])
            try Files.removeTree("\(images.store.damaged)/\(image.digest)")
        } else {
            guard try images.store.find(image.digest) != nil else {
                throw Refusal(.ImageUnavailable, "the image \(image.digest) is not on this node")
            }
            try images.evict(image.digest, before: Deadline(seconds: 60)) {
                (_, _) throws(ImageStoreError) in
                do {
                    try audit(tool, "image evict", image, [])
                } catch { throw .unrecorded("\(error)") }
            }
        }
        try tool.show(["sha512": image.digest.description], "gone: \(image.digest)")
        return ExitStatus.success
    }

    private struct Checked: Encodable {
        let name: String
        let sha512: String
        let refusal: Refusal?
    }

    /// Milliseconds between two lines of progress.
    private static let progress: Int64 = 2000

    static func verifyImages(_ tool: Tool, _ arguments: Arguments) throws -> Int32 {
        try tool.requireRoot()
        let site = try tool.site()
        let images = tool.images(site)
        let wanted =
            arguments.words.isEmpty
            ? try images.store.list().map { ($0.claim?.image.description ?? "image", $0.digest) }
            : try arguments.words.map { ($0, try named($0, tool, site).digest) }
        var results: [Checked] = []
        for (name, digest) in wanted {
            var refusal: Refusal?
            var told = Deadline.now
            do throws(ImageStoreError) {
                _ = try images.verify(digest) { done, size in
                    guard Deadline.now - told >= progress else { return }
                    told = Deadline.now
                    Process.report("bivouac: \(name): \(done >> 20) of \(size >> 20) MiB")
                }
            } catch {
                guard case .refused(let found) = error else { throw error }
                refusal = found
            }
            results.append(Checked(name: name, sha512: digest.description, refusal: refusal))
        }
        try tool.show(
            results,
            results.map { "\($0.sha512): \($0.refusal?.description ?? "as it was verified")" }
                .joined(separator: "\n"))
        return results.allSatisfy { $0.refusal == nil } ? ExitStatus.success : ExitStatus.dataRefused
    }
}
