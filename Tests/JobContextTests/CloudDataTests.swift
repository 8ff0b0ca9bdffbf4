import Foundation
import TestSupport
import Testing

@testable import JobContext

@Suite("What cloud-init and its kin read") struct CloudDataTests {
    private static let hostile =
        ContextVolumeTests.hostile + [
            "{{ 7*7 }}", "%{x}", "&a *a", "!!python/object/apply:os.system ['touch pwned']",
            "---\nusers: [root]",
            "\u{85}\u{2028}\u{FEFF}x", "\u{1F680}", "key: value # comment", "@`|>", "\t", "null", "0x10",
        ]

    /// What a parser of Python's says of a document, as JSON again.
    private func parsed(_ bytes: [UInt8], _ parser: String) throws -> [String: Any] {
        try withScratch { scratch in
            let path = scratch + "/document"
            try Data(bytes).write(to: URL(fileURLWithPath: path))
            let script =
                "import sys, json\n"
                + (parser == "yaml" ? "import yaml\nload = yaml.safe_load\n" : "load = json.load\n")
                + "json.dump(load(open(sys.argv[1], encoding='utf-8')), sys.stdout)"
            let run = try run("/usr/bin/python3", ["-c", script, path])
            #expect(run.status == 0, "\(run.errors)")
            return try #require(
                try JSONSerialization.jsonObject(with: Data(run.text.utf8)) as? [String: Any])
        }
    }

    @Test(
        "has every value of a job exactly, by a parser of YAML and one of JSON", .needsYAML,
        arguments: hostile, ["yaml", "json"])
    func values(value: String, parser: String) throws {
        let facts = try ContextVolumeTests.facts(value)
        let documents = [
            (try CloudData.metaData(facts), "bivouac"), (try CloudData.openStack(facts), "meta"),
        ]
        for (document, key) in documents {
            let read = try parsed(document, parser)
            let words = try #require(read[key] as? [String: String])
            for name in ["bivouac_account", "bivouac_queue", "bivouac_project"] {
                #expect(words[name] == value, "\(name)")
            }
            #expect(read["users"] == nil && read.count <= 5)
        }
    }

    @Test("starts the agent by the very script that others source, and makes no account", .needsYAML)
    func userData() throws {
        #expect(CloudData.userData.starts(with: "#cloud-config\n".utf8))
        let read = try parsed(CloudData.userData, "yaml")
        #expect(read["bootcmd"] as? [[String]] == [["sh", "-c", ContextScripts.prolog]])
        #expect((read["users"] as? [Any])?.isEmpty == true)
        #expect(read["ssh_pwauth"] as? Bool == false)
        #expect(read["disable_root"] as? Bool == true)
    }

    @Test("refuses a value that is too long or holds a NUL")
    func impossible() {
        for value in ["a\0b", String(repeating: "x", count: 4097)] {
            #expect(throws: ContextError.self) { try CloudData.metaData(try ContextVolumeTests.facts(value)) }
        }
    }
}
