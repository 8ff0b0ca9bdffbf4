import JSON
import Testing

@Suite("JSON is read strictly and written so that it cannot break a line")
struct JSONTests {
    private func parse(_ text: String, limits: JSON.Limits = JSON.Limits()) throws(JSONError) -> JSON {
        try JSON(parsing: Array(text.utf8), limits: limits)
    }

    @Test("every kind of value is read")
    func values() throws {
        let text = #" {"a":[1,-2.5,1e3,true,false,null,"\u00e9\ud83d\ude00\n"],"b":{}} "#
        let value = try parse(text)
        #expect(
            value["a"]?.elements == [
                .integer(1), .number(-2.5), .number(1000), .bool(true), .bool(false), .null, .string("é😀\n"),
            ])
        #expect(value["b"] == .object([]))
        #expect(value["c"] == nil)
    }

    @Test("a number that fits stays a whole number, a larger one does not become another")
    func numbers() throws {
        #expect(try parse("9223372036854775807") == .integer(.max))
        #expect(try parse("9223372036854775808") == .number(9_223_372_036_854_775_808))
        #expect(throws: JSONError.self) { try parse("1e999") }
    }

    @Test(
        "what RFC 8259 does not allow is refused",
        arguments: [
            "", "{", "[1,]", "{\"a\":1,}", "{a:1}", "01", "1.", ".5", "+1", "1e", "nul", "'a'", "\"a",
            "\"\\x\"",
            "\"\\u12\"", "\"\\ud800\"", "\"\\udc00\\ud800\"", "\"\\ud800\\u0041\"", "[1 2]", "{\"a\" 1}",
            "\"\u{01}\"",
            "NaN", "[", "\u{FEFF}{}",
        ])
    func refused(text: String) {
        #expect(throws: JSONError.self) { try parse(text) }
    }

    @Test("a name that stands twice is refused, also when it is spelt with escapes")
    func duplicates() {
        let error = #expect(throws: JSONError.self) { try parse("{\"a\":1,\n\"\\u0061\":2}") }
        #expect(error?.reason == .duplicateName("a"))
        #expect(error?.line == 2 && error?.column == 1)
    }

    @Test("text behind the value is refused")
    func trailing() {
        #expect(throws: JSONError.self) { try parse("{} x") }
        let error = #expect(throws: JSONError.self) { try parse("{}{}") }
        #expect(error?.reason == .trailingText)
    }

    @Test("bytes that are no UTF-8 are refused")
    func encoding() {
        let error = #expect(throws: JSONError.self) { try JSON(parsing: [0x22, 0xC3, 0x28, 0x22]) }
        #expect(error?.reason == .invalidUTF8)
    }

    @Test("length, depth and number of values are bounded")
    func bounds() {
        let deep = String(repeating: "[", count: 40) + String(repeating: "]", count: 40)
        #expect(throws: JSONError.self) { try parse(deep) }
        #expect(throws: JSONError.self) { try parse("[1,2,3]", limits: JSON.Limits(bytes: 6)) }
        #expect(throws: JSONError.self) { try parse("[1,2,3]", limits: JSON.Limits(values: 3)) }
        #expect(throws: Never.self) {
            try parse("[1,2,3]", limits: JSON.Limits(bytes: 7, depth: 1, values: 4))
        }
    }

    @Test("what is written is read back the same, on one line whatever it holds")
    func written() throws {
        let value = JSON.object([
            .init("text", .string("line\nfeed \u{2028} \u{85} \u{0} \" \\ é")),
            .init("list", .array([.integer(-1)])),
            .init("nothing", .null), .init("half", .number(0.5)), .init("yes", .bool(true)),
        ])
        let text = value.description
        #expect(!text.unicodeScalars.contains { $0.properties.generalCategory == .control })
        #expect(!text.unicodeScalars.contains("\u{2028}"))
        #expect(try parse(text) == value)
    }
}
