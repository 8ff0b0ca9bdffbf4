import Download
import Foundation
import TestSupport
import Testing

@testable import Fetch

@Suite("Fetching over https") struct SecureFetchTests {
    static func fetch(_ server: SecureServer, _ name: String, trusting anchors: String? = nil) throws
        -> String?
    {
        let download = Download(
            "\(server.uri)/\(name)", limit: 1 << 16, authorities: .directory(anchors ?? server.authorities),
            patience: .init(connect: 5, total: 20, stall: 5))
        return try download.bytes().map { String(decoding: $0.bytes, as: UTF8.self) }
    }

    static func failure(_ body: () throws -> String?) -> FetchError? {
        #expect(throws: FetchError.self) { _ = try body() }
    }

    @Test("a server that the site's authorities vouch for is believed")
    func good() throws {
        try withScratch { scratch in
            let server = try SecureServer(in: scratch)
            try server.put("list", body: "the list")
            #expect(try Self.fetch(server, "list") == "the list")
        }
    }

    @Test("a server of an authority that is not the site's is refused, and the remedy told")
    func stranger() throws {
        try withScratch { scratch in
            let server = try SecureServer(in: scratch)
            try server.put("list", body: "the list")
            try FileManager.default.createDirectory(
                atPath: scratch + "/empty", withIntermediateDirectories: false)
            let error = Self.failure { try Self.fetch(server, "list", trusting: scratch + "/empty") }
            #expect("\(try #require(error))".contains("the server is not trusted"))
            #expect("\(try #require(error))".contains("server_anchors"))
            let download = Download(
                server.uri + "/list", limit: 100, patience: .init(connect: 5, total: 20, stall: 5))
            #expect(
                "\(try #require(Self.failure { try download.bytes().map { _ in "" } }))".contains(
                    "not trusted"))
        }
    }

    @Test("a server with a certificate for another name is refused")
    func otherName() throws {
        try withScratch { scratch in
            let server = try SecureServer(in: scratch, names: "DNS:elsewhere.example.org")
            try server.put("list", body: "the list")
            let error = Self.failure { try Self.fetch(server, "list") }
            #expect("\(try #require(error))".contains("the server is not trusted"))
        }
    }

    @Test("a server whose certificate is past its end is refused")
    func expired() throws {
        try withScratch { scratch in
            let server = try SecureServer(in: scratch, days: -1)
            try server.put("list", body: "the list")
            let error = Self.failure { try Self.fetch(server, "list") }
            #expect("\(try #require(error))".contains("the server is not trusted"))
        }
    }

    @Test("https never leads to http")
    func downgrade() throws {
        let plain = try LoopbackServer { _ in [.answer("200 OK", [], "forged")] }
        defer { plain.stop() }
        try withScratch { scratch in
            let server = try SecureServer(in: scratch)
            try server.put("list", status: "302 Found", headers: ["Location: \(plain.uri)/list"])
            let error = Self.failure { try Self.fetch(server, "list") }
            #expect("\(try #require(error))".hasSuffix("https must not lead to http"))
            #expect(plain.requests.isEmpty)
        }
    }

    @Test("http may lead to https, and https to another place of https")
    func upgrade() throws {
        try withScratch { scratch in
            let server = try SecureServer(in: scratch)
            try server.put("old", status: "301 Moved", headers: ["Location: /list"])
            try server.put("list", body: "the list")
            let place = server.uri
            let plain = try LoopbackServer { _ in [.answer("302 Found", ["Location: \(place)/old"])] }
            defer { plain.stop() }
            let download = Download(plain.uri + "/", limit: 100, authorities: .directory(server.authorities))
            #expect(try download.bytes().map { String(decoding: $0.bytes, as: UTF8.self) } == "the list")
        }
    }

    @Test("http that leads to https does not lead back to http")
    func thereAndBack() throws {
        try withScratch { scratch in
            let server = try SecureServer(in: scratch)
            let place = server.uri
            let plain = try LoopbackServer { request in
                request.path == "/"
                    ? [.answer("302 Found", ["Location: \(place)/back"])] : [.answer("200 OK", [], "forged")]
            }
            defer { plain.stop() }
            try server.put("back", status: "302 Found", headers: ["Location: \(plain.uri)/list"])
            let download = Download(plain.uri + "/", limit: 100, authorities: .directory(server.authorities))
            let error = Self.failure { try download.bytes().map { _ in "" } }
            #expect("\(try #require(error))".hasSuffix("https must not lead to http"))
        }
    }
}
