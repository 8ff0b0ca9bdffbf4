import Audit
import Batch
import Command
import Digest
import ImageTrust
import JSON
import Job
import ListStore
import Site
import Unix

extension Verbs {
    private struct Denied: Encodable {
        let sha512: String
        let file: String
        let notice: String?
    }

    /// An image that is named by its digest or by a list that has it.
    struct NamedImage {
        let digest: ImageDigest
        /// Of the first list that names the digest.
        let list: StoredList?
        let entry: ImageEntry?
    }

    static func named(_ word: String, _ tool: Tool, _ site: Site) throws -> NamedImage {
        let lists = try ListStore(tool.places).load(site.lists.keys.sorted())
        if let digest = ImageDigest(word) {
            for list in lists {
                if let image = list.images.first(where: { $0.entry.sha512 == digest }) {
                    return NamedImage(digest: digest, list: list, entry: image.entry)
                }
            }
            return NamedImage(digest: digest, list: nil, entry: nil)
        }
        guard let name = ImageName(word) else {
            throw Failure(ExitStatus.usage, "'\(word)' is neither a SHA-512 nor LIST/ALIAS or LIST/UUID")
        }
        guard let list = lists.first(where: { $0.name == name.list }),
            let identifier = ImageIdentifier(site.lists[name.list]?.images[name.image] ?? name.image),
            let image = list.image(identifier)
        else { throw Refusal(.UnknownImage, "'\(name)' is in no list that is in force") }
        return NamedImage(digest: image.entry.sha512, list: list, entry: image.entry)
    }

    /// Denies first and writes the log then: a log that cannot be written must not let an image run.
    static func denyImage(_ tool: Tool, _ arguments: Arguments) throws -> Int32 {
        try tool.requireRoot()
        guard let reason = arguments["reason"] else {
            throw Failure(ExitStatus.usage, "--reason is missing: it is what the refused job's user reads")
        }
        let site = try tool.site()
        let image = try named(arguments.words[0], tool, site)
        let file = DenialFile(sha512: image.digest.description)
        guard let text = file.text(reason: reason) else {
            throw Failure(ExitStatus.usage, "--reason must be one line of at most 500 bytes")
        }
        let path = "\(tool.places.denials)/\(file.name)"
        try Files.makeDirectories(tool.places.denials, mode: 0o755)
        try Files.write(text, to: path, mode: 0o644)
        try audit(
            tool, "image deny", image, [.init("reason", .string(reason)), .init("file", .string(path))])
        let notice = arguments.has("notice") ? Notice(image, site, reason: reason, at: tool.now).text : nil
        try tool.show(
            Denied(sha512: image.digest.description, file: path, notice: notice),
            notice ?? "denied from the next job on: \(image.digest) (\(path))")
        return ExitStatus.success
    }

    /// Takes back a denial that this program wrote; what a site wrote itself is for the site to remove.
    static func allowImage(_ tool: Tool, _ arguments: Arguments) throws -> Int32 {
        try tool.requireRoot()
        let site = try tool.site()
        let image = try named(arguments.words[0], tool, site)
        let path = "\(tool.places.denials)/\(DenialFile(sha512: image.digest.description).name)"
        if Files.exists(path) {
            let text = String(decoding: try Files.read(path, limit: 1 << 20), as: UTF8.self)
            guard text.hasPrefix(DenialFile.marker) else {
                throw Failure(
                    ExitStatus.dataRefused,
                    "\(path) was not written by bivouac image deny: remove it yourself")
            }
            try audit(tool, "image allow", image, [.init("file", .string(path))])
            try Files.remove(path)
        }
        let others = try tool.site().denials.filter {
            $0.denies(
                sha512: image.digest.description, identifiers: [image.entry?.identifier.description ?? ""],
                endorser: image.list?.signer.endorser ?? "", vo: image.list?.signer.vo ?? "")
        }
        try tool.show(
            ["sha512": image.digest.description, "stillDenied": others.map(\.file).joined(separator: " ")],
            others.isEmpty
                ? "allowed from the next job on: \(image.digest)"
                : others.map { "still denied by \($0.file): \($0.reason)" }.joined(separator: "\n"))
        return others.isEmpty ? ExitStatus.success : ExitStatus.dataRefused
    }

    static func audit(
        _ tool: Tool, _ action: String, _ image: NamedImage, _ more: [JSON.Member]
    ) throws {
        var fields: [JSON.Member] = [
            .init("action", .string(action)), .init("operator", .string(tool.author)),
            .init("node", .string(Process.system.host)), .init("sha512", .string(image.digest.description)),
        ]
        if let list = image.list, let entry = image.entry {
            fields += [
                .init("list", .string(list.name)), .init("identifier", .string(entry.identifier.description)),
                .init("endorser", .string(list.signer.endorser)), .init("vo", .string(list.signer.vo)),
            ]
        }
        try AuditLog(path: tool.places.auditLog).append(
            AuditEvent(.action, fields + more), at: tool.now, before: Deadline(seconds: 20))
    }
}
