import Batch
import FoundationEssentials
import ImageTrust
import Job
import ListStore
import Policy
import Site
import Unix

extension Verbs {
    static let list = [
        Verb(
            "list", "refresh", "[NAME...] [--accept-move] [--accept-rollback]",
            "fetches image lists anew and puts those that are accepted in force", words: 0...64,
            flags: ["accept-move", "accept-rollback"], run: refresh),
        Verb("list", "show", "[NAME]", "the lists in force, or one with its images", words: 0...1, run: show),
    ]

    private static func refresh(_ tool: Tool, _ arguments: Arguments) throws -> Int32 {
        try tool.requireRoot()
        let site = try tool.site()
        var consents: Set<Subscription.Consent> = []
        if arguments.has("accept-move") { consents.insert(.moved) }
        if arguments.has("accept-rollback") { consents.insert(.rollback) }
        let names = arguments.words.isEmpty ? site.lists.keys.sorted() : arguments.words
        var status = ExitStatus.success
        var results: [Refreshed] = []
        for name in names {
            guard let rule = site.lists[name] else {
                throw Failure(
                    ExitStatus.configuration, "there is no list '\(name)': lists.d has no \(name).toml")
            }
            let result = refresh(rule, site, tool, consents)
            results.append(result)
            if let failure = result.failure {
                Process.report("bivouac: list \(name): \(failure)")
                SystemLog.write(.warning, "list \(name) was not refreshed: \(failure)")
                status = max(status, result.refusal == nil ? ExitStatus.tryAgain : ExitStatus.dataRefused)
            }
        }
        let accepted = results.filter { $0.failure == nil }
        try tool.show(
            results,
            accepted.map {
                "\($0.list): version \($0.version ?? ""), \($0.images ?? 0) images, until \($0.expires ?? "")"
            }
            .joined(separator: "\n"))
        return status
    }

    private struct Refreshed: Encodable {
        let list: String
        var version: String?
        var expires: String?
        var images: Int?
        var warnings: [String] = []
        var refusal: String?
        var failure: String?
    }

    private static func refresh(
        _ rule: ListRule, _ site: Site, _ tool: Tool, _ consents: Set<Subscription.Consent>
    ) -> Refreshed {
        var result = Refreshed(list: rule.name)
        do throws(ListStoreError) {
            let (endorsers, faults) = site.endorsers(of: rule)
            result.warnings = faults.map(\.description)
            let list = try ListStore(tool.places).refresh(
                rule, site: site, endorsers: endorsers, allowing: DigestPolicy(rule), consents: consents,
                at: tool.now)
            result.version = list.version.description
            result.expires = list.expires.description
            result.images = list.images.count
            result.warnings += list.warnings.map { "\($0)" }
        } catch {
            if case .refused(let refusal) = error { result.refusal = refusal.name.rawValue }
            result.failure = "\(error)"
        }
        return result
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
