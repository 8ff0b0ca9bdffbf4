import Audit
import Batch
import Digest
import ImageStore
import ImageTrust
import Job
import JobMachine
import ListStore
import Policy
import Site
import Unix

extension Verbs {
    static let image = [
        Verb(
            "image", "list", "", "images that the lists in force name, and which of them this node has",
            words: 0...0, run: list),
        Verb(
            "image", "fetch", "LIST/ALIAS", "fetches and verifies an image, if this node lacks it",
            words: 1...1,
            notes: """
                Progress goes to standard error: a bar on a terminal, lines in a log, with --json events, one to a line.
                A fetch that was interrupted goes on from where it got to; who asks for an image that another process
                is fetching waits for that.
                """, run: fetch),
        Verb(
            "image", "deny", "SHA512|LIST/ALIAS --reason TEXT [--notice]",
            "lets no job boot an image from now on; --notice prints a message to its endorser", words: 1...1,
            flags: ["notice"], options: ["reason"], run: denyImage),
        Verb(
            "image", "allow", "SHA512|LIST/ALIAS", "takes back what image deny did", words: 1...1,
            run: allowImage),
        Verb(
            "image", "history", "SHA512|LIST/ALIAS [--limit N]",
            "who endorsed it and when, which jobs ran it, when and why it went", words: 1...1,
            options: ["limit"],
            run: history),
        Verb(
            "image", "verify", "LIST/ALIAS", "reads all of an image again and compares its digest",
            words: 1...1, run: verify),
    ]

    private struct Row: Encodable {
        let name: String
        let identifier: String
        let version: String
        let sha512: String
        let size: Int64
        let format: String?
        let onNode: Bool
        let refusal: String?
    }

    private static func list(_ tool: Tool, _ arguments: Arguments) throws -> Int32 {
        let site = try tool.site()
        let store = ImageStore(directory: tool.places.images)
        var rows: [Row] = []
        for list in try ListStore(tool.places).load(site.lists.keys.sorted()) {
            let aliases = site.lists[list.name]?.images ?? [:]
            for image in list.images {
                let alias = aliases.first { ImageIdentifier($0.value) == image.entry.identifier }?.key
                rows.append(
                    Row(
                        name: "\(list.name)/\(alias ?? image.entry.identifier.description)",
                        identifier: image.entry.identifier.description,
                        version: image.entry.version.description,
                        sha512: image.entry.sha512.description, size: image.entry.size.bytes,
                        format: image.entry.format, onNode: try store.find(image.entry.sha512) != nil,
                        refusal: image.refusal?.description))
            }
        }
        try tool.show(
            rows,
            Table.text(
                ["IMAGE", "VERSION", "SIZE", "HERE", "SHA512", "REFUSAL"],
                rows.map {
                    [
                        $0.name, $0.version, ByteCount($0.size).description, $0.onNode ? "yes" : "no",
                        String($0.sha512.prefix(16)), $0.refusal ?? "",
                    ]
                }))
        return ExitStatus.success
    }

    /// The entry of an image in the list in force, whoever may boot it.
    private static func entry(_ tool: Tool, _ arguments: Arguments, _ site: Site) throws -> ImageEntry {
        guard let name = ImageName(arguments.words[0]) else {
            throw Failure(
                ExitStatus.usage, "'\(arguments.words[0])' is no image name: LIST/ALIAS or LIST/UUID")
        }
        guard let rule = site.lists[name.list], let list = try ListStore(tool.places).load(name.list) else {
            throw Refusal(
                .UnknownImage, "'\(name)': the list '\(name.list)' is not there or was never refreshed")
        }
        guard let identifier = ImageIdentifier(rule.images[name.image] ?? name.image),
            let image = list.image(identifier)
        else { throw Refusal(.UnknownImage, "'\(name)' is not in version \(list.version) of the list") }
        if let refusal = image.refusal { throw refusal }
        return image.entry
    }

    /// An image that has gone from its list is still found by its identifier.
    private static func history(_ tool: Tool, _ arguments: Arguments) throws -> Int32 {
        let word = arguments.words[0]
        if let digest = ImageDigest(word) {
            return try tellHistory(tool, arguments, of: .digest(digest.description))
        }
        guard let name = ImageName(word),
            let identifier = ImageIdentifier(
                try tool.site().lists[name.list]?.images[name.image] ?? name.image)
        else {
            throw Failure(
                ExitStatus.usage, "'\(word)' is neither a SHA-512 nor LIST/ALIAS or LIST/UUID of this site")
        }
        return try tellHistory(
            tool, arguments, of: .image(list: name.list, identifier: identifier.description))
    }

    /// Seconds that an operator's fetch may take.
    private static let fetchTime = 86_400

    private static func fetch(_ tool: Tool, _ arguments: Arguments) throws -> Int32 {
        try tool.requireRoot()
        let site = try tool.site()
        let entry = try entry(tool, arguments, site)
        let progress = FetchProgress(json: tool.json)
        defer { progress.end() }
        let image = try ImageStore(directory: tool.places.images).fetch(
            ImageSource(entry), limit: site.store.limit, now: tool.now, before: Deadline(seconds: fetchTime),
            by: TransferRules(site, purpose: "image fetch"), report: progress.tell
        ) { () throws(ImageStoreError) in try NeededImages.on(tool.places) }
        try tool.show(image, "\(image.digest): \(ByteCount(image.size)), \(image.format.rawValue)")
        return ExitStatus.success
    }

    private static func verify(_ tool: Tool, _ arguments: Arguments) throws -> Int32 {
        try tool.requireRoot()
        let entry = try entry(tool, arguments, try tool.site())
        let image = try ImageStore(directory: tool.places.images).verify(entry.sha512)
        try tool.show(image, "\(image.digest): as listed")
        return ExitStatus.success
    }
}
