import Testing
import Unix

@testable import Evidence

@Suite("What is told when evidence cannot be kept or found")
struct EvidenceErrorTests {
    private static let texts: [(EvidenceError, String)] = [
        (.missing("t-1.0"), "no evidence of 't-1.0' is on this node"),
        (.unreadable(path: "/e/x", why: "no JSON"), "could not read the evidence /e/x: no JSON"),
        (.invalidName("a/b"), "could not keep 'a/b' as evidence: not a plain file name"),
        (.locked("/e"), "could not lock the evidence in /e: another process holds it"),
        (
            .file(UnixError("open", UnixError.noEntry, "/e/x")),
            "could not keep evidence: /e/x: No such file or directory (open)"
        ),
    ]

    @Test("says what, which and why", arguments: texts.indices)
    func text(index: Int) { #expect(Self.texts[index].0.description == Self.texts[index].1) }
}
