import ImageTrust
import Testing

@Suite("Distinguished names and versions") struct NameTests {
    @Test(
        "a name reads back from its description as it was",
        arguments: [
            "/DC=org/DC=example/CN=Eve", "/C=DE/O=A\\/B/CN=C\\+D", "/CN=a+UID=b", "/CN=J\\xC3\\xB6rg", "/CN=",
            "/CN=a\\\\b", "/1.2.3.4=x", "/CN=host\\/a.example.org", "/CN= spaced ", "/CN=a=b",
        ])
    func roundTrip(text: String) throws {
        let name = try #require(DistinguishedName(text))
        #expect(name.description == text)
        #expect(DistinguishedName(name.description) == name)
    }

    @Test(
        "texts that are no name or could be two are refused",
        arguments: [
            "", "CN=Eve", "Eve", "/", "/CN", "//CN=Eve", "/XX=Eve", "/CN=Eve/XX=y", "/CN=a/b=c", "/CN=a+b=c",
            "/=x", "/CN=a/=", "/1=x", "/1.2.=x", " /CN=Eve",
        ])
    func refused(text: String) {
        // "/CN=a/=" has an empty type, which is no attribute: the slash belongs to the value.
        if text == "/CN=a/=" {
            #expect(DistinguishedName(text)?.description == "/CN=a\\/=")
        } else {
            #expect(DistinguishedName(text) == nil)
        }
    }

    @Test("a slash that begins no attribute belongs to the value")
    func plainSlash() {
        #expect(
            DistinguishedName("/CN=host/a.example.org") == DistinguishedName("/CN=host\\/a.example.org"))
        #expect(DistinguishedName("/OU=x/CN=y") != DistinguishedName("/OU=x\\/CN=y"))
    }

    @Test("names are compared by value: case, order and spaces count, spellings of types do not")
    func comparison() {
        let name = DistinguishedName("/DC=org/CN=Eve")
        #expect(name == DistinguishedName("/domainComponent=org/commonName=Eve"))
        #expect(name == DistinguishedName("/0.9.2342.19200300.100.1.25=org/2.5.4.3=Eve"))
        #expect(name != DistinguishedName("/DC=org/CN=eve"))
        #expect(name != DistinguishedName("/DC=org/CN=Eve "))
        #expect(name != DistinguishedName("/CN=Eve/DC=org"))
        #expect(name != DistinguishedName("/DC=org+CN=Eve"))
        #expect(DistinguishedName("/CN=a+UID=b") == DistinguishedName("/UID=b+CN=a"))
        // Characters that look alike and are encoded differently are different names.
        #expect(DistinguishedName("/CN=\u{F6}") != DistinguishedName("/CN=o\u{308}"))
    }

    @Test(
        "versions are ordered as the reference tools order them",
        arguments: [
            ("0.0.9", "0.0.10"), ("1", "1.0"), ("1.0", "1.0-1"), ("1.0", "1.0-rc1"), ("1.0a", "1.0"),
            ("", "1"),
            ("1,3", "1.2"), ("9", "10"), ("a", "1"), ("1.9", "1.10.0"),
            ("99999999999999999999999998", "99999999999999999999999999"), ("2026.06.09", "2026.06.10"),
        ])
    func versions(lower: String, higher: String) {
        #expect(ListVersion(lower) < ListVersion(higher))
        #expect(!(ListVersion(higher) < ListVersion(lower)))
        #expect(ListVersion(lower) != ListVersion(higher))
    }

    @Test("versions that differ in leading zeros alone are equal")
    func equalVersions() {
        #expect(ListVersion("01.0") == ListVersion("1.00"))
        #expect(Set([ListVersion("01"), ListVersion("1")]).count == 1)
        #expect(ListVersion("1.0") != ListVersion("1"))
    }
}
