import Audit
import Batch
import Command
import ImageTrust
import Job
import ListStore
import Site

extension Verbs {
    static let endorser = [
        Verb(
            "endorser", "list", "", "whose signatures this site accepts, and under which lists", words: 0...0,
            run: list),
        Verb(
            "endorser", "show", "NAME [--limit N]",
            "one of them: lists in force, certificate, denials, history",
            words: 1...1, options: ["limit"], run: show),
    ]

    private struct Row: Encodable {
        let name: String
        let dn: String
        let ca: String
        let vo: String
        let lists: [String]
    }

    private static func row(_ endorser: EndorserRule, _ site: Site) -> Row {
        Row(
            name: endorser.name, dn: endorser.dn, ca: endorser.ca, vo: endorser.vo,
            lists: site.lists.values.filter { $0.endorsers.contains(endorser.name) }.map(\.name).sorted())
    }

    private static func list(_ tool: Tool, _ arguments: Arguments) throws -> Int32 {
        let site = try tool.site()
        let rows = site.endorsers.values.sorted { $0.name < $1.name }.map { row($0, site) }
        try tool.show(
            rows,
            Table.text(
                ["ENDORSER", "VO", "LISTS", "DN", "CA"],
                rows.map { [$0.name, $0.vo, $0.lists.joined(separator: ","), $0.dn, $0.ca] }))
        return ExitStatus.success
    }

    private struct Endorsed: Encodable {
        let list: String
        let version: String
        let expires: Timestamp
        let images: Int
        let serial: String
        let certificateExpires: Timestamp
        /// Why its images would not boot now.
        let refusal: String?
    }

    private struct Shown: Encodable {
        /// Nil when the name stands in the log alone.
        let endorser: Row?
        let inForce: [Endorsed]
        let denials: [String]
        let history: [History.Row]
    }

    private static func show(_ tool: Tool, _ arguments: Arguments) throws -> Int32 {
        try tool.requireRoot()
        let site = try tool.site()
        let name = arguments.words[0]
        guard let limit = Int(arguments["limit"] ?? "100"), (1...100_000).contains(limit) else {
            throw Failure(ExitStatus.usage, "--limit is a number from 1 to 100000")
        }
        let inForce = try ListStore(tool.places).load(site.lists.keys.sorted())
            .filter { $0.signer.endorser == name }.map { endorsed($0, site, at: tool.now) }
        let (history, _) = try readHistory(tool, .endorser(name), limit: limit)
        let shown = Shown(
            endorser: site.endorsers[name].map { row($0, site) }, inForce: inForce,
            denials: site.denials.filter {
                $0.endorsers.contains(name) || $0.vos.contains(site.endorsers[name]?.vo ?? "")
                    || $0.everything
            }.map { "\($0.reason) (\($0.file))" },
            history: history.rows)
        guard shown.endorser != nil || !inForce.isEmpty || !history.rows.isEmpty else {
            throw Failure(
                ExitStatus.configuration,
                "there is no endorser '\(name)', and never was: endorsers.d has no \(name).toml")
        }
        try tool.show(shown, text(shown, name))
        return ExitStatus.success
    }

    private static func endorsed(_ list: StoredList, _ site: Site, at now: Timestamp) -> Endorsed {
        let standing = list.standing(
            anchors: TrustAnchors(directory: site.anchors), maximumAge: site.maximumListAge, at: now)
        return Endorsed(
            list: list.name, version: list.version.description, expires: list.expires,
            images: list.images.count,
            serial: list.signer.serial, certificateExpires: list.signer.notAfter,
            refusal: standing.refusal?.description)
    }

    private static func text(_ shown: Shown, _ name: String) -> String {
        let identity =
            shown.endorser.map {
                "\($0.name): \($0.dn)\n  of \($0.ca)\n  for \($0.vo), may sign \($0.lists.joined(separator: ", "))\n"
            } ?? "\(name): not in endorsers.d\n"
        let lists = Table.text(
            ["LIST", "VERSION", "IMAGES", "EXPIRES", "CERTIFICATE", "UNTIL", "REFUSAL"],
            shown.inForce.map {
                [
                    $0.list, plain($0.version), String($0.images), $0.expires.description, $0.serial,
                    $0.certificateExpires.description, plain($0.refusal ?? ""),
                ]
            })
        return [
            identity, lists, shown.denials.map { "denied: \($0)\n" }.joined(), historyTable(shown.history),
        ]
        .filter { !$0.isEmpty }.joined(separator: "\n")
    }
}
