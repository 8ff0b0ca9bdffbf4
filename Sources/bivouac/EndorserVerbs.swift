import Batch
import Site

extension Verbs {
    static let endorser = [
        Verb(
            "endorser", "list", "", "whose signatures this site accepts, and under which lists", words: 0...0,
            run: list)
    ]

    private struct Row: Encodable {
        let name: String
        let dn: String
        let ca: String
        let vo: String
        let lists: [String]
    }

    private static func list(_ tool: Tool, _ arguments: Arguments) throws -> Int32 {
        let site = try tool.site()
        let rows = site.endorsers.values.sorted { $0.name < $1.name }.map { endorser in
            Row(
                name: endorser.name, dn: endorser.dn, ca: endorser.ca, vo: endorser.vo,
                lists: site.lists.values.filter { $0.endorsers.contains(endorser.name) }.map(\.name).sorted())
        }
        try tool.show(
            rows,
            Table.text(
                ["ENDORSER", "VO", "LISTS", "DN", "CA"],
                rows.map { [$0.name, $0.vo, $0.lists.joined(separator: ","), $0.dn, $0.ca] }))
        return ExitStatus.success
    }
}
