import Download
import Foundation
import TestSupport
import Testing

@testable import Fetch

@Suite("Fetching over http") struct FetchTests {
    typealias Step = LoopbackServer.Step

    /// Fetches from a server that gives this answer to everything.
    static func fetch(
        _ path: String = "/list", limit: Int64 = 1 << 16, validators: Download.Validators = .init(),
        patience: Download.Patience = .init(connect: 5, total: 20, stall: 5),
        _ steps: @escaping @Sendable (LoopbackServer.Request) -> [Step]
    ) throws -> (String, Download.Validators)? {
        let server = try LoopbackServer(steps)
        defer { server.stop() }
        let download = Download(server.uri + path, limit: limit, validators: validators, patience: patience)
        return try download.bytes().map { (String(decoding: $0.bytes, as: UTF8.self), $0.validators) }
    }

    /// The error's words, or what was fetched all the same.
    static func failure(
        limit: Int64 = 1 << 16, patience: Download.Patience = .init(connect: 5, total: 20, stall: 5),
        _ steps: @escaping @Sendable (LoopbackServer.Request) -> [Step]
    ) -> String {
        do {
            return "fetched: \(String(describing: try fetch(limit: limit, patience: patience, steps)?.0))"
        } catch {
            return "\(error)"
        }
    }

    @Test("a body and what the server calls it come as they were sent")
    func whole() throws {
        let fetched = try #require(
            try Self.fetch { _ in
                [
                    .answer(
                        "200 OK", ["ETag: \"v1\"", "Last-Modified: Sat, 21 Nov 2026 08:00:00 GMT"],
                        "a\r\nb\0c")
                ]
            })
        #expect(fetched.0 == "a\r\nb\0c")
        #expect(fetched.1 == .init(entityTag: "\"v1\"", lastModified: "Sat, 21 Nov 2026 08:00:00 GMT"))
    }

    @Test("a copy that is still the newest is not sent again")
    func notModified() throws {
        let steps: @Sendable (LoopbackServer.Request) -> [Step] = { request in
            request.headers["if-none-match"] == "\"v1\"" || request.headers["if-modified-since"] == "then"
                ? [.answer("304 Not Modified")] : [.answer("200 OK", [], "new")]
        }
        #expect(try Self.fetch(validators: .init(entityTag: "\"v1\""), steps) == nil)
        #expect(try Self.fetch(validators: .init(lastModified: "then"), steps) == nil)
        #expect(try Self.fetch(validators: .init(entityTag: "\"v0\""), steps)?.0 == "new")
    }

    @Test("an answer 304 that nobody asked for is no copy")
    func unasked() {
        #expect(Self.failure { _ in [.answer("304 Not Modified")] }.hasSuffix("the server says 304"))
    }

    @Test("a redirection is followed, and its own body is not taken for the file")
    func redirected() throws {
        let fetched = try Self.fetch { request in
            request.path == "/list"
                ? [.answer("302 Found", ["Location: /moved"], "<html>moved</html>")]
                : [.answer("200 OK", [], "the list")]
        }
        #expect(fetched?.0 == "the list")
    }

    @Test(
        "a redirection to anything but http and https is refused",
        arguments: [
            "file:///etc/passwd", "ftp://127.0.0.1/list", "gopher://127.0.0.1:70/", "scp://127.0.0.1/list",
            "smb://127.0.0.1/list", "dict://127.0.0.1/list",
        ])
    func otherScheme(location: String) {
        let words = Self.failure { _ in [.answer("302 Found", ["Location: \(location)"])] }
        #expect(words.contains("it is redirected to \(location)"))
        #expect(words.hasSuffix("only http and https are fetched from a server"))
    }

    @Test("a redirection that carries a password is refused")
    func password() {
        let words = Self.failure { _ in [.answer("302 Found", ["Location: http://me:secret@127.0.0.1/list"])]
        }
        #expect(words.hasSuffix("it carries a password"))
    }

    @Test("redirections in a ring end")
    func ring() {
        let words = Self.failure { request in [.answer("302 Found", ["Location: \(request.path)x"])] }
        #expect(words.hasSuffix("it is redirected more than 5 times"))
    }

    @Test("a file: address is none that a server could be asked for")
    func fileAddress() {
        #expect(throws: FetchError.self) { try Download("file:///etc/passwd", limit: 1 << 16).bytes() }
    }

    @Test("a body longer than the limit is refused, whatever the server says of its length")
    func tooLong() {
        let announced = Self.failure(limit: 100) { _ in
            [.answer("200 OK", [], String(repeating: "x", count: 101))]
        }
        let chunked = Self.failure(limit: 100) { _ in
            [
                .send("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"),
                .flood(String(repeating: "x", count: 4096)),
            ]
        }
        for words in [announced, chunked] { #expect(words.hasSuffix("it is longer than 100 bytes")) }
    }

    @Test("a body of exactly the limit is taken")
    func atLimit() throws {
        let body = String(repeating: "x", count: 100)
        #expect(try Self.fetch(limit: 100) { _ in [.answer("200 OK", [], body)] }?.0 == body)
    }

    @Test("a body shorter than its announced length is refused")
    func cutShort() {
        let words = Self.failure { _ in [.send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf")] }
        #expect(words.hasSuffix("the connection ended before all of it had come"))
    }

    @Test("a server that stalls in the middle of a body is given up")
    func stall() {
        let words = Self.failure(patience: .init(connect: 5, total: 30, stall: 1)) { _ in
            [.send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf"), .wait(60)]
        }
        #expect(words.contains("the server was silent, or too slow"))
    }

    @Test("a server that accepts and never answers is given up when the time is over")
    func silence() {
        let words = Self.failure(patience: .init(connect: 1, total: 1, stall: 30)) { _ in [.wait(60)] }
        #expect(words.contains("the server was silent, or too slow for the 1 s there are"))
    }

    @Test("header lines without end are refused")
    func headers() {
        let words = Self.failure { _ in
            [.send("HTTP/1.1 200 OK\r\n"), .flood("X-Fill: \(String(repeating: "y", count: 1000))\r\n")]
        }
        #expect(words.hasPrefix("could not fetch http://127.0.0.1:"))
    }

    @Test(
        "the server's refusals are told with their number and the address",
        arguments: ["403 No", "404 No", "503 No"])
    func status(status: String) {
        let words = Self.failure { _ in [.answer(status, [], "words of the server")] }
        #expect(words.contains("/list: the server says \(status.prefix(3))"))
        #expect(!words.contains("words of the server"))
    }

    @Test("a server that is not there is told by its address")
    func nobody() throws {
        let server = try LoopbackServer { _ in [] }
        let uri = server.uri + "/list"
        server.stop()
        // The port is free again once the listener has seen the end.
        #expect(throws: FetchError.self) {
            try Download(uri, limit: 1 << 16, patience: .init(connect: 2, total: 3, stall: 2)).bytes()
        }
    }

    @Test("the site's proxy is asked, with the whole address")
    func proxy() throws {
        let proxy = try LoopbackServer { _ in [.answer("200 OK", [], "from the proxy")] }
        defer { proxy.stop() }
        let fetched = try Download("http://images.example.org/list", limit: 100, proxy: proxy.uri).bytes()
        #expect(fetched.map { String(decoding: $0.bytes, as: UTF8.self) } == "from the proxy")
        #expect(proxy.requests.map(\.path) == ["http://images.example.org/list"])
    }

    @Test("a receiver that takes no more ends the transfer")
    func stopped() throws {
        let server = try LoopbackServer { _ in [.answer("200 OK", [], "body")] }
        defer { server.stop() }
        #expect(throws: FetchError.stopped(uri: server.uri + "/")) {
            try Download(server.uri + "/", limit: 100).perform { _, _ in false }
        }
    }
}
