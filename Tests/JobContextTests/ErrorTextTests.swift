import JobContext
import Testing
import Unix

@Suite("What is told when a guest's volumes cannot be made")
struct ContextErrorTests {
    private static let texts: [(ContextError, String)] = [
        (
            .invalidLabel("a b"),
            "could not label a volume 'a b': it must be 1 to 16 letters, digits, '_' or '-'"
        ),
        (
            .invalidName("a/b"),
            "could not put 'a/b' in a volume: a name is 1 to 64 letters, digits, '.', '_' or '-', once"
        ),
        (
            .invalidVariable("A", why: "the value contains a NUL"),
            "could not tell the guest the variable 'A': the value contains a NUL"
        ),
        (.tooLarge("files", limit: 9), "could not make a volume: files: more than 9"),
        (
            .archive(call: "archive_write_data", volume: "CONTEXT", message: "full"),
            "could not write the volume CONTEXT: archive_write_data: full"
        ),
        (
            .malformedImage(volume: "CONTEXT"),
            "could not fix the dates of the volume CONTEXT: not ISO 9660 as expected"
        ),
        (
            .untrustedAgent("/a"),
            "could not make the agent's volume: /a: not a file that its owner alone may write (chmod go-w)"
        ),
        (
            .file(UnixError("open", UnixError.noEntry, "/a")),
            "could not make a volume: /a: No such file or directory (open)"
        ),
    ]

    @Test("says what, which and why", arguments: texts.indices)
    func text(index: Int) { #expect(Self.texts[index].0.description == Self.texts[index].1) }
}
