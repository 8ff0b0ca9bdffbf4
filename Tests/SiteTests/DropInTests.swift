import Foundation
import Site
import Testing

@Suite("A drop-in file")
struct DropInTests {
    @Test("of an endorser that is broken takes the endorser away, and with it the list that only he may sign")
    func brokenEndorser() throws {
        var files = Example.all
        files["endorsers.d/eve.toml"] = "dn = 'eve'\n"
        let scratch = try ScratchSite(files)
        #expect(
            try scratch.faults() == [
                "endorsers.d/eve.toml:1:1: 'dn' is 'eve': it must be a distinguished name like /DC=org/CN=Name",
                "lists.d/demo.toml:3:14: there is no usable endorsers.d/eve.toml: write or mend it, or drop 'eve'",
            ])
        let site = try Site.load(places: scratch.places)
        #expect(site.endorsers.isEmpty && site.lists.isEmpty)
        #expect(site.queues["vm"] != nil)
    }

    @Test("of a list keeps the endorsers that are known")
    func oneKnownEndorser() throws {
        var files = Example.all
        files["lists.d/demo.toml"] = Example.list.replacingOccurrences(
            of: "[\"eve\"]", with: "[\"zoe\", \"eve\"]")
        let scratch = try ScratchSite(files)
        #expect(try Site.load(places: scratch.places).lists["demo"]?.endorsers == ["eve"])
        #expect(try scratch.faults().count == 1)
    }

    static let endorsers: [(text: String, fault: String)] = [
        ("dn = '/CN=x'\nca = '/CN=y'", ":1:1: 'vo' is missing: add vo = \"NAME\""),
        ("dn = '/CN=x'\nvo = 'y'", ":1:1: 'ca' is missing: add ca = \"/DC=org/CN=Name\""),
        (
            "dn = ['/CN=x']",
            ":1:1: 'dn' is an array: it must be a distinguished name like /DC=org/CN=Name, in quotes"
        ),
        (
            "dn = '/CN=x'\nca = '/CN=y'\nvo = 'a b'",
            ":3:1: 'vo' is 'a b': it must be a name of 1 to 128 characters without white space"
        ),
        ("email = 'x'", ":1:1: unknown key 'email': drop it or use one of dn, ca, vo"),
        ("dn", ":1:3: not TOML: error while parsing key-value pair: encountered end-of-file"),
    ]

    @Test("of an endorser says what is wrong with it", arguments: endorsers)
    func endorser(_ wrong: (text: String, fault: String)) throws {
        let scratch = try ScratchSite(["site.toml": Example.site, "endorsers.d/eve.toml": wrong.text])
        #expect(try scratch.faults() == ["endorsers.d/eve.toml" + wrong.fault])
    }

    static let lists: [(line: String, with: String, fault: String)] = [
        (
            "uri = \"https://images.example.org/demo.list\"", "",
            "1:1: 'uri' is missing: add uri = \"https://...\""
        ),
        (
            "https://images.example.org/demo.list", "ftp://a/b",
            "1:1: 'uri' is 'ftp://a/b': it must be an address that begins with https://, http:// or file:///"
        ),
        (
            "https://images.example.org/demo.list", "https://",
            "1:1: 'uri' is 'https://': it must be an address that begins with https://, http:// or file:///"
        ),
        (
            "identifier = \"9c0a3f4e-0001-4000-8000-000000000001\"", "",
            "1:1: 'identifier' is missing: add identifier = \"UUID\""
        ),
        (
            "9c0a3f4e-0001-4000-8000-000000000001", "a b",
            "2:1: 'identifier' is 'a b': it must be an identifier of 1 to 128 characters without white space"
        ),
        ("endorsers = [\"eve\"]", "", "1:1: 'endorsers' is missing: add endorsers = [\"NAME\"]"),
        ("[\"eve\"]", "[]", "3:1: 'endorsers' is empty: name one"),
        (
            "[\"eve\"]", "[\"../eve\"]",
            "3:14: 'endorsers' holds '../eve': each must be the name of a file in endorsers.d, without .toml"
        ),
        ("class = 2", "", "1:1: 'class' is missing: add class = 1, 2 or 3"),
        ("class = 2", "class = 0", "4:1: 'class' is 0: it must be a whole number from 1 to 3"),
        ("class = 2", "class = '2'", "4:1: 'class' is a string: it must be a whole number from 1 to 3"),
        (
            "class = 2", "class = 2\nthreshold = 17",
            "5:1: 'threshold' is 17: it must be a whole number from 1 to 16"
        ),
        (
            "class = 2", "class = 2\nallow_sha1 = 'no'",
            "5:1: 'allow_sha1' is a string: it must be true or false"
        ),
        ("\"accept\"", "\"maybe\"", "5:1: 'new_images' is 'maybe': it must be one of accept, refuse"),
        (
            "minimal", "\"a/b\"",
            "7:1: 'a/b' in [images] is no alias: 1 to 64 letters, digits, '.', '_' and '-', the first a letter or digit"
        ),
        (
            "\"0b6e3f4e-0001-4000-8000-000000000002\"", "3",
            "7:1: 'minimal' in [images] is an integer: it must be an identifier of 1 to 128 characters without white space, in quotes"
        ),
        (
            "class = 2", "klass = 2",
            "4:1: unknown key 'klass': drop it or use one of uri, identifier, endorsers, threshold, class, new_images, images, users, groups, accounts, allow_sha1, end_state, context, contexts"
        ),
    ]

    @Test("of a list says what is wrong with it and is absent", arguments: lists)
    func list(_ wrong: (line: String, with: String, fault: String)) throws {
        var files = Example.all
        files["lists.d/demo.toml"] = Example.list.replacingOccurrences(of: wrong.line, with: wrong.with)
        let scratch = try ScratchSite(files)
        #expect(try scratch.faults() == ["lists.d/demo.toml:" + wrong.fault])
        #expect(try Site.load(places: scratch.places).lists.isEmpty)
    }

    static let denials: [(text: String, fault: String)] = [
        (
            "sha512 = ['\(String(repeating: "0", count: 127))g']\nreason = 'x'",
            ":1:11: 'sha512' holds '\(String(repeating: "0", count: 64))': each must be 128 hexadecimal digits"
        ),
        (
            "sha512 = ['\(String(repeating: "0", count: 128))']",
            ":1:1: 'reason' is missing: add reason = \"why\""
        ),
        (
            "vo = ['x']\nreason = \"a\\nb\"",
            ":2:1: 'reason' is 'a?b': it must be one line of at most 500 bytes"
        ),
        (
            "reason = 'x'",
            ":1:1: nothing is denied: add sha512, identifier, endorser or vo, or remove the file"
        ),
        (
            "sha256 = ['x']",
            ":1:1: unknown key 'sha256': drop it or use one of sha512, identifier, endorser, vo, reason"
        ),
        (
            "reason = 'r'\nvo = 'x'",
            ":2:1: 'vo' is a string: it must be an array, [...], and each element a word of 1 to 128 characters without white space"
        ),
        ("vo = ['x'", ":1:10: not TOML: error while parsing array: encountered end-of-file"),
    ]

    @Test("of deny.d that is broken denies every image and says which file it is", arguments: denials)
    func denial(_ wrong: (text: String, fault: String)) throws {
        var files = Example.all
        files["deny.d/broken.toml"] = wrong.text
        let scratch = try ScratchSite(files)
        #expect(try scratch.faults() == ["deny.d/broken.toml" + wrong.fault])
        let site = try Site.load(places: scratch.places)
        #expect(site.denials.count == 2)
        let denial = try #require(site.denials.last)
        #expect(denial.denies(sha512: "", identifiers: [], endorser: "", vo: ""))
        #expect(denial.reason.contains(scratch.places.denials + "/broken.toml:"))
    }

    @Test("of deny.d denies every image when it cannot be trusted, found or named")
    func untrustedDenials() throws {
        let scratch = try ScratchSite(Example.all)
        func everythingIsDenied() throws -> Bool {
            try Site.load(places: scratch.places).denials.contains { $0.everything }
        }
        #expect(try !everythingIsDenied())
        let denials = scratch.places.denials
        try scratch.write("deny.d/w.toml", Example.denial, mode: 0o666)
        #expect(try everythingIsDenied())
        try FileManager.default.removeItem(atPath: denials + "/w.toml")
        try scratch.write("deny.d/two words.toml", Example.denial)
        #expect(try everythingIsDenied())
        try FileManager.default.removeItem(atPath: denials + "/two words.toml")
        try FileManager.default.createSymbolicLink(
            atPath: denials + "/link.toml", withDestinationPath: "/bivouac-test/nowhere")
        #expect(try everythingIsDenied())
        try FileManager.default.removeItem(atPath: denials + "/link.toml")
        #expect(try !everythingIsDenied())
        try FileManager.default.setAttributes([.posixPermissions: 0o775], ofItemAtPath: denials)
        #expect(try everythingIsDenied())
        try FileManager.default.removeItem(atPath: denials)
        try FileManager.default.createSymbolicLink(
            atPath: denials, withDestinationPath: "/bivouac-test/nowhere")
        #expect(try everythingIsDenied())
    }

    @Test("is known by its ending; what else lies there is listed, and hidden files are nobody's business")
    func otherFiles() throws {
        var files = Example.all
        files["deny.d/README"] = "x"
        files["deny.d/.old.toml"] = "x"
        files["endorsers.d/eve.toml~"] = "x"
        let scratch = try ScratchSite(files)
        let site = try Site.load(places: scratch.places)
        #expect(site.faults.isEmpty)
        #expect(
            site.ignored == [scratch.places.endorsers + "/eve.toml~", scratch.places.denials + "/README"])
    }
}
