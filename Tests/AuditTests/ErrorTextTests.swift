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
        (.locked(path: "/a"), "could not write the audit log: /a: another process holds its lock"),
        (.broken(path: "/a", line: 3, why: "why"), "the audit log is not as written: /a line 3: why"),
        (
            .headMissing(path: "/a", head: "ab"),
            "the audit log is not as written: /a: no line has the hash ab: its end was removed or replaced"
        ),
        (
            .file(UnixError("fsync", UnixError.noSpace, "/a")),
            "could not use the audit log: /a: No space left on device (fsync)"
        ),
    ]

    @Test("says what, which and why", arguments: texts.indices)
    func text(index: Int) { #expect(Self.texts[index].0.description == Self.texts[index].1) }
}
