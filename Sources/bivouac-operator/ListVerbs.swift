import Audit
import Batch
import Command
import Endorsing
import FoundationEssentials
import ImageTrust
import Job
import ListRefresh
import ListStore
import Site
import Unix

extension Verbs {
    static let list =
        [
            Verb(
                "list", "refresh", "[NAME...] [--accept-move] [--accept-rollback]",
                "fetches image lists anew and puts those that are accepted in force", words: 0...64,
                flags: ["accept-move", "accept-rollback"], run: refresh),
            Verb(
                "list", "show", "[NAME]", "the lists in force, or one with its images", words: 0...1,
                run: show),
            Verb(
                "list", "history", "NAME [--limit N]",
                "when its versions came, what they changed, what was refused",
                words: 1...1, options: ["limit"], run: { try tellHistory($0, $1, of: .list($1.words[0])) }),
        ] + endorsing

    private static func refresh(_ tool: Tool, _ arguments: Arguments) throws -> Int32 {
        try tool.requireRoot()
        let site = try tool.site()
        var consents: Set<Subscription.Consent> = []
        if arguments.has("accept-move") { consents.insert(.moved) }
        if arguments.has("accept-rollback") { consents.insert(.rollback) }
        let names = arguments.words.isEmpty ? site.lists.keys.sorted() : arguments.words
        for name in names where site.lists[name] == nil {
            throw Failure(ExitStatus.configuration, "there is no list '\(name)': lists.d has no \(name).toml")
        }
        let refresher = ListRefresher(site: site, places: tool.places, clock: { tool.now })
        var results: [Refreshed] = []
        for rule in names.compactMap({ site.lists[$0] }) {
            if !tool.json { Process.report("bivouac: list \(rule.name): fetching \(rule.uri)") }
            let result = refresher.refresh(
                rule, consents: consents, by: tool.author, before: Deadline(seconds: 120))
            results.append(result)
            for warning in result.warnings { Process.report("bivouac: list \(rule.name): \(warning)") }
            if let failure = result.failure { Process.report("bivouac: list \(rule.name): \(failure)") }
        }
        try tool.show(results, results.map(line).joined(separator: "\n"))
        return results.map(status).max() ?? ExitStatus.success
    }

    /// What a refresh came to, for people.
    static func line(_ result: Refreshed) -> String {
        let inForce =
            result.version.map {
                "version \($0), \(result.images ?? 0) images, until \(result.expires?.description ?? "")"
            } ?? "no version"
        return "\(result.list): \(result.outcome.rawValue); in force: \(inForce)"
    }

    private static func status(_ result: Refreshed) -> Int32 {
        switch result.outcome {
        case .accepted, .unchanged: ExitStatus.success
        case .refused: ExitStatus.dataRefused
        case .unreachable: ExitStatus.tryAgain
        }
    }

    private static func show(_ tool: Tool, _ arguments: Arguments) throws -> Int32 {
        let site = try tool.site()
        let store = ListStore(tool.places)
        guard let name = arguments.words.first else {
            let lists = try store.load(site.lists.keys.sorted())
            let rows = lists.map {
                [
                    $0.name, $0.version.description, $0.signer.endorser, $0.signer.vo,
                    String($0.images.count),
                    $0.expires.description, $0.refreshed.description,
                ]
            }
            try tool.show(
                lists,
                Table.text(["LIST", "VERSION", "ENDORSER", "VO", "IMAGES", "EXPIRES", "REFRESHED"], rows))
            return ExitStatus.success
        }
        guard let list = try store.load(name) else {
            throw Failure(
                ExitStatus.dataRefused, "the list '\(name)' was never refreshed: bivouac list refresh \(name)"
            )
        }
        try tool.show(list, Table.fields(list))
        return ExitStatus.success
    }
}
