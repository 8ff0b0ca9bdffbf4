import JSON
import Testing

@testable import Difference

@Suite("A list of changes") struct ChangeListTests {
    private static func added(_ path: String, uid: UInt32, mode: UInt16 = 0o644) -> Change {
        Change(
            path: path, kind: .added, before: nil,
            after: Change.Facts(type: "file", mode: mode, uid: uid, gid: uid, size: 1, modified: 0))
    }

    private static func part() -> Difference.Part {
        Difference.Part(name: "disk", start: 0, size: 0, kind: "ext", changedBytes: 0)
    }

    @Test("that one user or one kind of change has filled still takes all others, and is cut")
    func room() {
        let list = ChangeList(concern: 4000, other: 4000)
        var part = Self.part()
        for index in 0..<1000 {
            list.add(Self.added("/zz/\(index)", uid: 1000), to: &part)
            list.add(Self.added("/zz/back-\(index)", uid: 1000, mode: 0o4755), to: &part)
        }
        #expect(part.isCut)
        #expect((10..<40).contains(part.changes.count))
        part.isCut = false
        let last = [
            Self.added("/etc/cron.d/evil", uid: 0), Self.added("/bin/back", uid: 0, mode: 0o4755),
            Self.added("/bin/ls", uid: 0), Self.added("/home/eve/.ssh/authorized_keys", uid: 1000),
        ]
        for change in last { list.add(change, to: &part) }
        #expect(part.changes.suffix(4) == last[...])
        #expect(!part.isCut)
    }

    @Test("takes no more than may be printed, whatever the names are, and says that there is more")
    func bytes() {
        let hostile = PrintableName.text([UInt8](repeating: 1, count: 4000))
        var facts = Change.Facts(
            type: "characterDevice", mode: 0o7777, uid: .max, gid: .max, size: .max, modified: .min,
            target: hostile, device: "4095:1048575", attributes: ["", hostile, "\"\"\"", ""])
        for path in [hostile, PrintableName.text("\\\\\""), "/", "/etc/cron.d/x"] {
            for facts in [facts, Self.added("", uid: 0).after] {
                let change = Change(
                    path: path, kind: .changed, aspects: Change.Aspect.allCases, before: facts, after: facts)
                #expect(change.json.description.utf8.count < change.printedBytes)
            }
        }
        facts.attributes = []
        let list = ChangeList(concern: 1 << 20, other: 1 << 20)
        var part = Self.part()
        for index in 0..<100 {
            facts.target = Change.Facts.shown([UInt8](repeating: 1, count: 4000))
            list.add(
                Change(path: hostile + "\(index)", kind: .added, before: nil, after: facts), to: &part)
            list.add(unread: hostile, to: &part)
        }
        #expect(part.isCut && part.changes.count > 10)
        #expect(part.changes.reduce(0) { $0 + $1.json.description.utf8.count } < 1 << 20)
    }
}
