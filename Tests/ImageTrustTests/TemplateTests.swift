import Digest
import Foundation
import ImageTrust
import JSON
import Job
import Testing

@Suite("What endorsers use before they publish") struct TemplateTests {
    let grid: Grid

    init() throws { grid = try Grid.shared.get() }

    private func template() throws -> ListTemplate {
        let names = try #require(CertificateNames(reading: grid.pki.read(grid.eve.certificate)))
        return ListTemplate(
            uri: "https://images.example.org/demo.list", imageFolder: "https://images.example.org/images",
            vo: "demo", creator: "Eve Endorser", email: "eve@example.org", dn: names.subject,
            ca: names.issuer, created: moment("2026-06-15T08:00:00Z"))
    }

    /// An image file of this content, and its path.
    private func imageFile(_ content: [UInt8], _ name: String = "minimal.img") throws -> String {
        let path = grid.pki.path(name)
        try Data(content).write(to: URL(fileURLWithPath: path))
        return path
    }

    @Test("a template that is signed with the printed line is accepted by us and by openssl smime -verify")
    func signed() throws {
        let path = try imageFile(Array("QFI\u{FB} image".utf8.map { $0 }))
        let file = try ImageFile.reading(path)
        let image = ImageIdentifier.random()
        let template = try template()
        let json = grid.pki.path("list.json")
        let output = grid.pki.path("images.list")
        try grid.pki.write(template.text([(file, image)]), to: json)
        let line = ListTemplate.signingCommand(
            list: json, certificate: grid.eve.certificate, key: grid.eve.key, output: output)
        let words = line.split(separator: " ").map(String.init)
        #expect(words.first == "openssl")
        try grid.pki.openssl(Array(words.dropFirst()))

        let verified = try verify(
            grid.pki.read(output), identifier: template.identifier.description)
        #expect(verified.list.entries.map(\.identifier) == [image])
        #expect(verified.list.entries.first?.sha512 == file.sha512)
        #expect(verified.list.entries.first?.size == file.size)
        #expect(verified.list.vo == "demo")

        // OpenSSL has its clock turned to the same moment by -attime.
        try grid.pki.openssl(
            "smime", "-verify", "-in", output, "-CApath", grid.anchors.directory, "-purpose", "smimesign",
            "-x509_strict", "-crl_check_all", "-attime", String(Grid.now.seconds), "-out", "/dev/null")
    }

    @Test("a template has every key that vmcatcher, atrope and cloudkeeper ask for, and none is empty")
    func keys() throws {
        let text = try template().text([
            (ImageFile.reading(imageFile([1, 2, 3])), .random())
        ])
        let list = try #require(try JSON(parsing: Array(text.utf8))["hv:imagelist"])
        for key in [
            "dc:date:created", "dc:date:expires", "dc:identifier", "dc:description", "dc:title", "dc:source",
            "hv:version", "hv:uri", "ad:vo",
        ] {
            #expect(list[key]?.text?.isEmpty == false, "\(key)")
        }
        let image = try #require(list["hv:images"]?.elements?.first?["hv:image"])
        for key in [
            "dc:title", "dc:description", "sl:checksum:sha512", "sl:arch", "hv:uri", "dc:identifier", "sl:os",
            "sl:osversion", "sl:comments", "hv:hypervisor", "hv:version", "hv:format", "sl:osname",
            "ad:group", "ad:mpuri", "ad:user:fullname", "ad:user:guid", "ad:user:uri", "dc:date:expires",
        ] {
            #expect(image[key]?.text?.isEmpty == false, "\(key)")
        }
        #expect(image["hv:size"]?.integer == 3)
        // Signing in text mode must not change a byte of what is read.
        #expect(!text.contains(" \n") && text.utf8.allSatisfy { $0 < 0x80 })
    }

    @Test(
        "the format of an image file is told by its first bytes",
        arguments: [
            ([0x51, 0x46, 0x49, 0xFB, 0, 0, 0, 3], "qcow2"), ([0x1F, 0x8B, 8], "raw.gz"), ([0, 1, 2], "raw"),
            ([], "raw"), (Array("KDMV".utf8), "vmdk"),
            ([UInt8](repeating: 0, count: 257) + Array("ustar".utf8), "ova"),
        ])
    func format(head: [UInt8], format: String) throws {
        let file = try ImageFile.reading(imageFile(head))
        #expect(file.format == format)
        #expect(file.size.bytes == Int64(head.count))
        #expect(file.sha512 == Sha512.digest(head))
    }

    @Test("random identifiers are UUIDs of version 4 and differ")
    func identifiers() {
        let all = (0..<100).map { _ in ImageIdentifier.random() }
        #expect(Set(all).count == 100)
        #expect(all.allSatisfy { ImageIdentifier($0.description) == $0 })
        #expect(all.allSatisfy { $0.description.dropFirst(14).first == "4" })
    }

    @Test("the verdict on an accepted list is one JSON object that names list, signer and images")
    func verdict() throws {
        var document = ListDocument().with(image: ["dc:date:expires": "2026-06-15T12:00:00Z"])
        document.images.append(
            ListDocument.changed(
                ListDocument.image("77777777-2222-3333-4444-555555555555"), ["hv:size": "many"]))
        document.images.append(ListDocument.image("88888888-2222-3333-4444-555555555555"))
        let verdict = ListVerdict(try verify(document), at: Grid.now)
        let json = try JSON(parsing: Array(text(verdict).utf8))
        #expect(try JSONDecoder().decode(ListVerdict.self, from: Data(text(verdict).utf8)) == verdict)
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        let encoded = try JSON(parsing: Array(encoder.encode(verdict)))
        #expect(encoded["list"]?.members?.count == json["list"]?.members?.count)
        #expect(json["accepted"]?.bool == true)
        #expect(json["refusal"] == nil)
        #expect(json["list"]?["identifier"]?.text == ListDocument.identifier)
        #expect(json["list"]?["version"]?.text == "1.0.0")
        #expect(json["list"]?["dn"]?.text == Grid.eve)
        let images = try #require(json["images"]?.elements)
        #expect(images.map { $0["refusal"]?.text } == ["ImageExpired", "BadSize", nil])
        #expect(images[2]["sha512"]?.text == String(repeating: "5a", count: 64))
        #expect(images[1]["identifier"]?.text == "77777777-2222-3333-4444-555555555555")
    }

    @Test("a file is judged with and without an endorser, offline and by what stands in it alone")
    func judged() throws {
        func refusal(_ endorser: Endorser?, _ now: Timestamp = Grid.now) -> Refusal.Name? {
            ListVerdict(judging: grid.signed, anchors: grid.anchors, endorser: endorser, at: now).refusal
        }
        #expect(refusal(nil) == nil)
        #expect(refusal(try Grid.endorser()) == nil)
        #expect(refusal(try Grid.endorser("alice", "/DC=org/CN=Alice")) == .EndorserNotAuthorised)
        #expect(refusal(nil, moment("2026-06-09T00:00:00Z")) == .ListNotYetValid)
    }

    private func text(_ verdict: ListVerdict) -> String {
        var text = ""
        verdict.write { text += $0 }
        return text
    }

    @Test("the verdict on a refused list is its name and a message, and nothing else")
    func refusedVerdict() throws {
        let verdict = ListVerdict(Refusal(.CertRevoked, "revoked"))
        let json = try JSON(parsing: Array(text(verdict).utf8))
        #expect(try JSON(parsing: Array(JSONEncoder().encode(verdict))).members?.count == 3)
        #expect(json["accepted"]?.bool == false)
        #expect(json["refusal"]?.text == "CertRevoked")
        #expect(json["message"]?.text == "revoked")
        #expect(json.members?.count == 3)
    }
}
