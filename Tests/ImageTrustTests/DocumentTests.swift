import Digest
import ImageTrust
import JSON
import Job
import Testing

@Suite("The document") struct DocumentTests {
    private func list(_ text: String) throws -> ImageList { try ImageList(parsing: Array(text.utf8)) }
    private func list(_ document: ListDocument) throws -> ImageList { try list(document.text) }

    /// Why the only image of a list is refused; nil when it is not.
    private func imageRefusal(_ changes: [String: JSON?]) throws -> Refusal.Name? {
        let list = try list(ListDocument().with(image: changes))
        #expect(list.images.count == 1)
        return list.refused.first?.refusal.name
    }

    @Test(
        "61: a list without one of its mandatory keys is refused as MissingField",
        arguments: [
            "dc:date:created", "dc:date:expires", "dc:identifier", "dc:description", "dc:title", "dc:source",
            "hv:version", "hv:uri",
        ])
    func missingListKey(key: String) {
        expectRefusal(.MissingField) { try list(ListDocument().with(list: [key: JSON?.none])) }
        expectRefusal(.MissingField) { try list(ListDocument().with(list: [key: JSON.null])) }
    }

    @Test(
        "61: a list without one of its endorser's mandatory keys is refused as MissingField",
        arguments: [
            "hv:ca", "hv:dn", "hv:email", "dc:creator",
        ])
    func missingEndorserKey(key: String) {
        expectRefusal(.MissingField) { try list(ListDocument().with(endorser: [key: JSON?.none])) }
    }

    @Test("61: a list without endorser or images is refused as MissingField, an empty list is none of that")
    func missingParts() throws {
        let text = ListDocument().text
        expectRefusal(.MissingField) { try list(text.replacing("hv:endorser", with: "hv:nobody")) }
        expectRefusal(.MissingField) { try list(text.replacing("hv:images", with: "hv:pictures")) }
        expectRefusal(.MissingField) { try list(text.replacing("hv:x509", with: "hv:x510")) }
        var document = ListDocument()
        document.imagesValue = .null
        expectRefusal(.MissingField) { try list(document) }
        document.imagesValue = "none"
        expectRefusal(.BadType) { try list(document) }
        document.imagesValue = .array([])
        #expect(try list(document).images == [])
        document.endorserValue = "Eve"
        expectRefusal(.BadType) { try list(document) }
    }

    @Test(
        "62: an image without one of its mandatory keys is MissingField, the list and others are not",
        arguments: [
            "dc:title", "dc:description", "hv:size", "sl:checksum:sha512", "sl:arch", "hv:uri",
            "dc:identifier",
            "sl:os", "sl:osversion", "sl:comments", "hv:hypervisor", "hv:version",
        ])
    func missingImageKey(key: String) throws {
        var document = ListDocument().with(image: [key: JSON?.none])
        document.images.append(ListDocument.image("77777777-2222-3333-4444-555555555555"))
        let list = try list(document)
        #expect(list.entries.map(\.identifier.description) == ["77777777-2222-3333-4444-555555555555"])
        #expect(list.refused.map(\.refusal.name) == [.MissingField])
        #expect(list.refused.first?.refusal.message.contains(key) == true)
        #expect(list.refused.first?.position == 0)
    }

    @Test(
        "an element of hv:images that is no image is BadType",
        arguments: [
            "null", "[]", "{}", "{\"hv:image\": null}", "{\"hv:image\": []}", "3",
        ])
    func noImage(text: String) throws {
        var document = ListDocument()
        document.imagesValue = .array([try JSON(parsing: Array(text.utf8))])
        #expect(try list(document).refused.map(\.refusal.name) == [.BadType])
    }

    @Test(
        "63: a date of any other form is refused as BadDate",
        arguments: [
            "2026-06-10", "2026-06-10T08:00:00", "2026-06-10T08:00:00.5Z", "2026-06-10T08:00:00+02:00",
            "2026-06-10 08:00:00Z", "2026-02-30T08:00:00Z", "2026-06-10T24:00:00Z", "10 June 2026", "",
            "2026-06-10T08:00:00z", " 2026-06-10T08:00:00Z", "２026-06-10T08:00:00Z",
        ])
    func badDate(text: String) throws {
        for key in ["dc:date:created", "dc:date:expires"] {
            expectRefusal(.BadDate) { try list(ListDocument().with(list: [key: .string(text)])) }
        }
        #expect(try imageRefusal(["dc:date:expires": .string(text)]) == .BadDate)
    }

    @Test("63: a date that is no string is refused as BadDate")
    func numericDate() {
        expectRefusal(.BadDate) {
            try list(ListDocument().with(list: ["dc:date:created": .integer(1_781_078_400)]))
        }
    }

    @Test("64: a version that is no string is refused as BadType, of the list and of an image")
    func numericVersion() throws {
        expectRefusal(.BadType) { try list(ListDocument().with(list: ["hv:version": .integer(1)])) }
        expectRefusal(.BadType) { try list(ListDocument().with(list: ["hv:version": .number(1.5)])) }
        #expect(try imageRefusal(["hv:version": .integer(1)]) == .BadType)
    }

    @Test(
        "65: a size that is not a positive whole number is BadSize",
        arguments: [
            "many", "0", "-1", "", " 5", "5 ", "1e6", "0x10", "+5", "5.0", "99999999999999999999", "５",
        ])
    func badSize(text: String) throws {
        #expect(try imageRefusal(["hv:size": .string(text)]) == .BadSize)
    }

    @Test("65: a size that is no whole number in JSON is BadSize")
    func badSizeValue() throws {
        for value: JSON in [.integer(0), .integer(-5), .number(5.5), .bool(true), .array([])] {
            #expect(try imageRefusal(["hv:size": value]) == .BadSize)
        }
    }

    @Test("66: a checksum that is not 128 hexadecimal digits is BadChecksum, and upper case is folded")
    func badChecksum() throws {
        let digits = String(repeating: "5A", count: 64)
        for text in ["", "abc", String(digits.dropLast()), digits + "00", digits.replacing("5A", with: "5G")]
        {
            #expect(try imageRefusal(["sl:checksum:sha512": .string(text)]) == .BadChecksum)
        }
        let upper = try list(ListDocument().with(image: ["sl:checksum:sha512": .string(digits)]))
        #expect(upper.entries.first?.sha512.description == digits.lowercased())
    }

    @Test(
        "67: an identifier that is no UUID is BadIdentifier, of the list and of an image",
        arguments: [
            "../../../etc/passwd", "", "demo", "9c0a2f34-1b7e-4c39-8f3a-5a0d7c1e2b4",
            "9c0a2f341b7e4c398f3a5a0d7c1e2b44",
            "9c0a2f34-1b7e-4c39-gggg-5a0d7c1e2b44", "{9c0a2f34-1b7e-4c39-8f3a-5a0d7c1e2b44}",
            "9c0a2f34-1b7e-4c39-8f3a-5a0d7c1e2b44/..", "9c0a2f34-1b7e-4c39-8f3a-5a0d7c1e2b44\n",
            "../a2f34-1b7e-4c39-8f3a-5a0d7c1e2b44",
        ])
    func badIdentifier(text: String) throws {
        expectRefusal(.BadIdentifier) {
            try list(ListDocument().with(list: ["dc:identifier": .string(text)]))
        }
        #expect(try imageRefusal(["dc:identifier": .string(text)]) == .BadIdentifier)
    }

    @Test(
        "68: a URI of another scheme, with white space or for a shell is BadURI",
        arguments: [
            "ftp://example.org/a", "example.org/a", "", "http:/a", "http://", "https:///a",
            "javascript://a/b",
            "http://example.org/a b", "http://example.org/$(reboot)", "http://example.org/a;reboot",
            "http://example.org/`id`", "http://example.org/a|b", "http://example.org/a&b",
            "http://example.org/a'b",
            "http://example.org/a\"b", "http://example.org/a\\b", "http://example.org/a\nb",
            "http://example.org/<a>",
            "http://user:secret@example.org/a", "http://example.org/%zz", "http://example.org/a#b",
            "http://-a/b",
            "http://exämple.org/a", "file://host/a", "file:///", "http://example.org:0/a",
            "http://example.org:x/a",
            "http://example.org/a?b?c", "http://\u{202E}example.org/a", " http://example.org/a",
            "http://example.org/{a,b}", "http://example.org/*", "http://example.org/~root!",
        ])
    func badURI(text: String) throws {
        #expect(try imageRefusal(["hv:uri": .string(text)]) == .BadURI)
        expectRefusal(.BadURI) { try list(ListDocument().with(list: ["hv:uri": .string(text)])) }
    }

    @Test(
        "plain http, https and file URIs are taken",
        arguments: [
            "http://example.org/a.qcow2", "https://example.org:8443/a/b%20c.img?token=1&x=2",
            "file:///srv/a.qcow2",
            "HTTPS://Example.org/", "https://[2001:db8::1]/a", "https://example.org",
            "file://localhost/srv/a",
            "https://example.org/~user/a_b-c,d+e=f@g:h",
        ])
    func goodURI(text: String) throws {
        #expect(try imageRefusal(["hv:uri": .string(text)]) == nil)
    }

    @Test(
        "69: a name that stands twice in an object is refused as DuplicateKey, wherever it is",
        arguments: [
            ("\"dc:title\":\"Demo images\"", "\"dc:title\":\"a\",\"dc:title\":\"b\""),
            ("\"hv:email\":", "\"hv:email\":\"x\",\"hv:email\":"),
            ("\"sl:os\":", "\"sl:os\":\"x\",\"sl:os\":"),
            ("{\"hv:imagelist\":", "{\"hv:imagelist\":{},\"hv:imagelist\":"),
            ("\"sl:os\":", "\"unknown\":{\"a\":1,\"\\u0061\":2},\"sl:os\":"),
        ])
    func duplicateKey(part: String, replacement: String) {
        expectRefusal(.DuplicateKey) { try list(ListDocument().text.replacing(part, with: replacement)) }
    }

    @Test("70: images with one identifier are both DuplicateImage, in whatever case it is written")
    func duplicateImage() throws {
        var document = ListDocument()
        document.images.append(ListDocument.image("77777777-2222-3333-4444-555555555555"))
        document.images.append(ListDocument.image(ListDocument.imageIdentifier.uppercased()))
        let list = try list(document)
        #expect(list.refused.map(\.refusal.name) == [.DuplicateImage, .DuplicateImage])
        #expect(list.entries.count == 1)
    }

    @Test(
        "71: a document that is no image list is refused as NotAnImageList",
        arguments: [
            "", "null", "[]", "\"hv:imagelist\"", "{}", "{\"hv:imagelist\": null}", "{\"hv:imagelist\": []}",
            "{\"hv:imagelist\": {}", "{\"hv:imagelist\": {}} x", "not JSON",
            "{\"hv:imagelist\": \"\\ud800\"}",
        ])
    func notAList(text: String) {
        expectRefusal(.NotAnImageList) { try list(text) }
    }

    @Test("71: a document that is not valid UTF-8 is refused as NotAnImageList")
    func notUTF8() {
        let bytes = ListDocument().text.utf8.map { $0 == UInt8(ascii: "D") ? 0xFF : $0 }
        expectRefusal(.NotAnImageList) { try ImageList(parsing: bytes) }
    }

    @Test("72: a document that nests too deep, holds too much or runs on is refused as TooComplex")
    func tooComplex() {
        let deep = String(repeating: "[", count: 100_000)
        expectRefusal(.TooComplex) { try list(deep) }
        expectRefusal(.TooComplex) {
            try list(ListDocument().text.replacing("\"sl:os\":", with: "\"x\":\(deep),\"sl:os\":"))
        }
        let many = "[" + String(repeating: "0,", count: 600_000) + "0]"
        expectRefusal(.TooComplex) { try list(many) }
        let members = (0..<300).map { "\"x\($0)\":0," }.joined()
        expectRefusal(.TooComplex) {
            try list(ListDocument().text.replacing("\"hv:version\":", with: members + "\"hv:version\":"))
        }
        var document = ListDocument()
        document.imagesValue = .array(Array(repeating: .object([]), count: 17_000))
        expectRefusal(.TooComplex) { try list(document) }
        document = ListDocument()
        document.endorserValue = .array(
            Array(repeating: .object([.init("hv:x509", ListDocument.object(document.endorser))]), count: 65))
        expectRefusal(.TooComplex) { try list(document) }
        let long = String(repeating: "x", count: 70_000)
        expectRefusal(.TooComplex) { try list(ListDocument().with(list: ["dc:title": .string(long)])) }
    }

    @Test("a text of an image that runs on is TooComplex for that image")
    func longText() throws {
        let long = String(repeating: "x", count: 70_000)
        #expect(try imageRefusal(["sl:comments": .string(long)]) == .TooComplex)
    }
}
