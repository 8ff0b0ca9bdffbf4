import Testing
import Unix

@testable import Audit

@Suite("What is told when the audit log cannot be written or believed")
struct AuditErrorTests {
    private static let texts: [(AuditError, String)] = [
        (
            .tooLong(event: "start", limit: 9),
            "could not log the event 'start': its line would have more than 9 bytes"
        ),
        (
            .noLastLine(path: "/a"),
            "could not write the audit log: /a: no intact line at its end (move it away and keep it)"
        ),
        (.locked(path: "/a"), "could not lock the audit log: /a: another process holds the lock"),
        (.broken(path: "/a", line: 3, why: "why"), "the audit log is not as written: /a line 3: why"),
        (
            .headMissing(path: "/a", head: "ab"),
            "the audit log is not as written: /a: no line has the hash ab: its end was removed or replaced"
        ),
        (
            .headNotHere(path: "/a", head: "ab", first: 3, last: 9),
            "could not find the hash ab in the audit log: /a: lines 3 to 9 are here and as written, without it: "
                + "put the older files back that may hold it"
        ),
        (
            .beginsLate(path: "/a", first: 3, wanted: 1),
            "the audit log is not whole: /a: it begins with line 3, not with line 1"
        ),
        (
            .beginsLate(path: "/a", first: 0, wanted: 1),
            "the audit log is not whole: /a: no line is here"
        ),
        (
            .file(UnixError("fsync", UnixError.noSpace, "/a")),
            "could not use the audit log: /a: No space left on device (fsync)"
        ),
    ]

    @Test("says what, which and why", arguments: texts.indices)
    func text(index: Int) { #expect(Self.texts[index].0.description == Self.texts[index].1) }

    @Test("speaks of tampering only where that was found")
    func tampering() {
        #expect(
            Self.texts.map(\.0).filter(\.isTampering) == [
                .broken(path: "/a", line: 3, why: "why"), .headMissing(path: "/a", head: "ab"),
                .beginsLate(path: "/a", first: 3, wanted: 1), .beginsLate(path: "/a", first: 0, wanted: 1),
            ])
    }
}
