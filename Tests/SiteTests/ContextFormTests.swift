import Foundation
import Job
import Site
import Testing

@Suite("The context that an image is given")
struct ContextFormTests {
    private static let uuid = "0b6e3f4e-0001-4000-8000-000000000002"

    private func site(_ more: String) throws -> ScratchSite {
        try ScratchSite([
            "site.toml": Example.site, "endorsers.d/eve.toml": Example.endorser,
            "lists.d/demo.toml": Example.list.replacingOccurrences(of: "[images]", with: more + "\n[images]"),
        ])
    }

    @Test(
        "is every form, or the one of its list, or the one of its alias, by whatever name it is asked for",
        arguments: [
            ("", ContextForm.allCases), ("context = 'cidata'", [.cidata]),
            ("[contexts]\nminimal = 'config-2'", [.configDrive]),
            ("context = 'cidata'\n[contexts]\nminimal = 'hepix'", [.hepix]),
        ] as [(String, [ContextForm])])
    func forms(more: String, forms: [ContextForm]) throws {
        let scratch = try site(more)
        let list = try #require(try Site.load(places: scratch.places).lists["demo"])
        for name in ["demo/minimal", "demo/\(Self.uuid)"] {
            #expect(list.contextForms(of: try #require(ImageName(name))) == forms)
        }
    }

    @Test(
        "is refused where it is none, or for an alias that is none",
        arguments: [
            ("context = 'floppy'", "'context' is 'floppy'"),
            ("[contexts]\nminimal = 'floppy'", "'minimal' in [contexts] is 'floppy'"),
            ("[contexts]\nminimum = 'cidata'", "'minimum' in [contexts] is no alias of [images]"),
        ])
    func refused(more: String, words: String) throws {
        let scratch = try site(more)
        let faults = try scratch.faults()
        #expect(faults.count == 1 && faults[0].contains(words), "\(faults)")
    }
}
