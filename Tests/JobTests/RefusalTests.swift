import Job
import Testing

@Suite("Refusals") struct RefusalTests {
    @Test(
        "a refusal is one plain line, whatever it quotes",
        arguments: [
            ("a\nb", "a b"), ("a\r\nb", "a  b"), ("a\0b", "a b"), ("a\u{1B}[31mb", "a [31mb"),
            ("a\u{202E}b", "a b"), ("a\u{2028}b", "a b"), ("a\u{9B}b", "a b"), ("Übung ☃", "Übung ☃"),
        ])
    func plainLine(message: String, line: String) {
        #expect(Refusal(.BadType, message).message == line)
    }

    @Test("a refusal is bounded, also where marks pile up on one letter")
    func bounded() {
        let message = "a" + String(repeating: "\u{301}", count: 100_000)
        #expect(Refusal(.BadType, message).message.unicodeScalars.count == 1000)
    }

    @Test("the name is the first word of the description")
    func description() {
        #expect(Refusal(.CertRevoked, "it is").description == "CertRevoked: it is")
    }
}
