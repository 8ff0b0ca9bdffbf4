import JSON
import Testing

@Suite("JSON in parts") struct StreamTests {
    /// The elements handed over, and the value without them.
    private func parse(_ text: String) throws -> (elements: [JSON], rest: JSON) {
        var elements: [JSON] = []
        let rest = try JSON(parsing: Array(text.utf8), elementsOf: "items") { elements.append($0) }
        return (elements, rest)
    }

    @Test("elements of the named array are handed over in order and not kept")
    func order() throws {
        let (elements, rest) = try parse("{\"a\": {\"b\": 1, \"items\": [1, {\"c\": 2}, []], \"d\": [3]}}")
        #expect(elements == [.integer(1), .object([JSON.Member("c", .integer(2))]), .array([])])
        #expect(rest["a"]?["items"] == .array([]))
        #expect(rest["a"]?["d"] == .array([.integer(3)]))
    }

    @Test(
        "an array of that name at another depth is an ordinary one",
        arguments: ["{\"items\": [1]}", "{\"a\": {\"b\": {\"items\": [1]}}}", "[[{\"items\": [1]}]]"])
    func otherDepth(text: String) throws {
        let (elements, rest) = try parse(text)
        #expect(elements == [])
        #expect(rest == (try JSON(parsing: Array(text.utf8))))
    }

    @Test(
        "what is wrong in or behind the array refuses the document",
        arguments: [
            "{\"a\": {\"items\": [1, 2}}", "{\"a\": {\"items\": [1], \"items\": [2]}}",
            "{\"a\": {\"items\": [1]}",
            "{\"a\": {\"items\": [1,]}}", "{\"a\": {\"items\": [1]}} x",
            "{\"a\": {\"items\": [{\"b\":1,\"b\":2}]}}",
        ])
    func refused(text: String) {
        #expect(throws: JSONError.self) { try parse(text) }
    }

    @Test("the limits count elements that are handed over")
    func limits() {
        let text = "{\"a\": {\"items\": [" + String(repeating: "0,", count: 99) + "0]}}"
        let limits = JSON.Limits(values: 50)
        #expect(throws: JSONError.self) {
            try JSON(parsing: Array(text.utf8), limits: limits, elementsOf: "items") { _ in }
        }
    }

    @Test("a value over several lines reads back as itself")
    func indented() throws {
        let text = "{\"a\":[1,{\"b\":\"x\"},[],{}],\"c\":null}"
        let value = try JSON(parsing: Array(text.utf8))
        #expect(try JSON(parsing: Array(value.indented.utf8)) == value)
        #expect(value.indented.split(separator: "\n").count == 11)
    }
}
