import Audit
import Batch
import Command
import Digest
import ImageStore
import ImageTrust
import JSON
import Job
import JobMachine
import ListStore
import Policy
import Site
import Unix

extension Verbs {
    static let image = [
        Verb(
            "image", "list", "[--node-features]",
            "images that lists name or this node has; --node-features prints what a scheduler can prefer nodes by",
            words: 0...0, flags: ["node-features"], run: listImages),
        Verb(
            "image", "show", "SHA512|LIST/ALIAS",
            "all that is known of an image on this node, and why it stays",
            words: 1...1, run: showImage),
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
            "image", "verify", "[SHA512|LIST/ALIAS...]",
            "reads all of the images again, or of all on this node, and sets damaged ones aside",
            words: 0...64,
            run: verifyImages),
        Verb(
            "image", "pin", "SHA512|LIST/ALIAS [--reason TEXT]",
            "keeps an image on this node, whoever needs room",
            words: 1...1, options: ["reason"], run: pinImage),
        Verb("image", "unpin", "SHA512|LIST/ALIAS", "takes that back", words: 1...1, run: unpinImage),
        Verb(
            "image", "evict", "SHA512|LIST/ALIAS [--damaged]",
            "removes an image that nothing needs; --damaged removes what was set aside of it", words: 1...1,
            flags: ["damaged"], run: evictImage),
        Verb(
            "image", "prefetch", "LIST/ALIAS... | --from-queue",
            "fetches images ahead: these, or those that waiting jobs will need, the most wanted first",
            words: 0...64, flags: ["from-queue"], run: prefetchImages),
    ]

    /// What the list in force says of an image, whoever may boot it.
    static func source(_ tool: Tool, _ word: String, _ site: Site) throws -> ImageSource {
        guard let name = ImageName(word) else {
            throw Failure(ExitStatus.usage, "'\(word)' is no image name: LIST/ALIAS or LIST/UUID")
        }
        guard let rule = site.lists[name.list], let list = try ListStore(tool.places).load(name.list) else {
            throw Refusal(
                .UnknownImage, "'\(name)': the list '\(name.list)' is not there or was never refreshed")
        }
        guard let identifier = ImageIdentifier(rule.images[name.image] ?? name.image),
            let image = list.image(identifier)
        else { throw Refusal(.UnknownImage, "'\(name)' is not in version \(list.version) of the list") }
        if let refusal = image.refusal { throw refusal }
        var source = try ImageSource(image.entry)
        source.claim = ImageClaim(image: name, vo: list.signer.vo, user: nil)
        return source
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

    /// Writes down that an operator has an image fetched, if this node lacks it.
    static func order(_ tool: Tool, _ action: String, _ source: ImageSource, _ images: NodeImages) throws {
        guard try images.store.find(source.digest) == nil else { return }
        let name = source.claim.map { JSON.string($0.image.description) } ?? .null
        try act(tool, action, [.init("sha512", .string(source.digest.description)), .init("image", name)])
    }

    /// Seconds that an operator's fetch may take.
    private static let fetchTime = 86_400

    private static func fetch(_ tool: Tool, _ arguments: Arguments) throws -> Int32 {
        try tool.requireRoot()
        let site = try tool.site()
        let source = try source(tool, arguments.words[0], site)
        let images = tool.images(site)
        try order(tool, "image fetch", source, images)
        let progress = FetchProgress(json: tool.json)
        defer { progress.end() }
        let image = try images.fetch(
            source, before: Deadline(seconds: fetchTime), for: "image fetch", report: progress.tell)
        try tool.show(image, "\(image.digest): \(ByteCount(image.size)), \(image.format.rawValue)")
        return ExitStatus.success
    }
}
