import Digest
import Fetch
import Foundation
import Job
import TestSupport
import Testing
import Unix

@testable import ImageStore

@Suite("Fetching an image from a server") struct ServerTests {
    typealias Step = LoopbackServer.Step
    typealias Answer = @Sendable (LoopbackServer.Request, [UInt8]) -> [Step]

    static let bytes = StoreFixture.random(3_000_000)

    /// Serves an image in that way to one fetch, which must succeed; what the server was asked for, by first
    /// byte.
    @discardableResult
    static func fetched(_ bytes: [UInt8] = bytes, _ answer: @escaping Answer) throws -> [Int?] {
        let server = try LoopbackServer { answer($0, bytes) }
        defer { server.stop() }
        try StoreFixture.with { fixture in
            let image = try fixture.fetch(bytes, from: server)
            #expect(try fixture.store.verify(image.digest) == image)
            #expect(try fixture.leftovers() == [image.digest.description])
        }
        return server.requests.map { FileServer.offset($0) }
    }

    /// The refusal of an image that is served in that way; nothing may be left of it.
    static func refused(_ bytes: [UInt8] = bytes, size: Int64? = nil, _ answer: @escaping Answer) throws
        -> Refusal
    {
        let server = try LoopbackServer { answer($0, bytes) }
        defer { server.stop() }
        return try withScratch { scratch in
            let fixture = StoreFixture(scratch: scratch, store: ImageStore(directory: scratch + "/images"))
            let error = #expect(throws: ImageStoreError.self) {
                try fixture.fetch(bytes, from: server, size: size)
            }
            guard case .refused(let refusal) = error else {
                throw StoreFixture.Failure(text: "\(String(describing: error))")
            }
            #expect(try fixture.store.list() == [])
            // What may still be of use, and nothing else.
            let digest = Sha512.digest(bytes)
            let left = try fixture.leftovers()
            #expect(left == [] || refusal.name == .ImageUnavailable && left == ["\(digest).new"])
            return refusal
        }
    }

    @Test("takes one request when all goes well")
    func plain() throws {
        #expect(try Self.fetched { FileServer.steps($0, $1) } == [nil])
    }

    @Test("goes on where a connection broke, and the rest alone is sent")
    func resume() throws {
        let asked = try Self.fetched { request, bytes in
            guard FileServer.offset(request) == nil else { return FileServer.steps(request, bytes) }
            return [FileServer.head("200 OK", bytes.count), .bytes(Array(bytes[..<1_234_567]))]
        }
        #expect(asked == [nil, 1_234_567])
    }

    @Test("starts over when the server sends all of it though the rest was asked for")
    func ignoresRange() throws {
        let calls = Counter()
        let asked = try Self.fetched { _, bytes in
            calls.next() == 1
                ? [FileServer.head("200 OK", bytes.count), .bytes(Array(bytes[..<2_000_000]))]
                : FileServer.whole(bytes)
        }
        #expect(asked == [nil, 2_000_000])
    }

    /// Answers to a request for the rest that are no rest.
    static let wrongParts: [(String, @Sendable ([UInt8], Int) -> [Step])] = [
        (
            "no Content-Range",
            { bytes, offset in
                [FileServer.head("206 Partial Content", 10), .bytes(Array(bytes[..<10]))]
            }
        ),
        (
            "another beginning",
            { bytes, offset in
                let range = "Content-Range: bytes \(offset - 1)-\(bytes.count - 1)/\(bytes.count)"
                return [
                    FileServer.head("206 Partial Content", bytes.count - offset + 1, [range]),
                    .bytes(Array(bytes[(offset - 1)...])),
                ]
            }
        ),
        (
            "an earlier end",
            { bytes, offset in
                let range = "Content-Range: bytes \(offset)-\(offset + 9)/\(bytes.count)"
                return [
                    FileServer.head("206 Partial Content", 10, [range]),
                    .bytes(Array(bytes[offset..<(offset + 10)])),
                ]
            }
        ),
        (
            "a longer whole",
            { bytes, offset in
                let range = "Content-Range: bytes \(offset)-\(bytes.count)/\(bytes.count + 1)"
                return [
                    FileServer.head("206 Partial Content", bytes.count - offset + 1, [range]),
                    .bytes(Array(bytes[offset...]) + [1]),
                ]
            }
        ),
        (
            "nonsense",
            { bytes, offset in
                [
                    FileServer.head(
                        "206 Partial Content", bytes.count - offset, ["Content-Range: bytes */*"]),
                    .bytes(Array(bytes[offset...])),
                ]
            }
        ),
        (
            "nothing",
            { bytes, offset in
                let range = "Content-Range: bytes \(offset)-\(bytes.count - 1)/\(bytes.count)"
                return [FileServer.head("206 Partial Content", 0, [range])]
            }
        ),
        ("416", { _, _ in [.answer("416 Range Not Satisfiable")] }),
        (
            "other bytes",
            { bytes, offset in
                let range = "Content-Range: bytes \(offset)-\(bytes.count - 1)/\(bytes.count)"
                return [
                    FileServer.head("206 Partial Content", bytes.count - offset, [range]),
                    .bytes([UInt8](repeating: 7, count: bytes.count - offset)),
                ]
            }
        ),
    ]

    @Test("starts over after an answer 206 that is not the rest", arguments: wrongParts.map(\.0))
    func wrongPart(name: String) throws {
        let part = try #require(Self.wrongParts.first { $0.0 == name }?.1)
        let calls = Counter()
        let asked = try Self.fetched { request, bytes in
            if let offset = FileServer.offset(request) { return part(bytes, offset) }
            return calls.next() == 1
                ? [FileServer.head("200 OK", bytes.count), .bytes(Array(bytes[..<1_500_000]))]
                : FileServer.whole(bytes)
        }
        #expect(asked == [nil, 1_500_000, nil])
    }

    @Test("survives connections that end anywhere, and answers 503 between them")
    func randomEnds() throws {
        let calls = Counter()
        let asked = try Self.fetched { request, bytes in
            let call = calls.next()
            if call % 3 == 0 { return [.answer("503 Busy", [], "later")] }
            let offset = FileServer.offset(request) ?? 0
            let rest = bytes.count - offset
            let part = call > 20 ? rest : Int.random(in: 0...min(rest, 400_000))
            let range = "Content-Range: bytes \(offset)-\(bytes.count - 1)/\(bytes.count)"
            return [
                FileServer.head(
                    offset > 0 ? "206 Partial Content" : "200 OK", rest, offset > 0 ? [range] : []),
                .bytes(Array(bytes[offset..<(offset + part)])),
            ]
        }
        #expect(asked.count > 2)
    }

    @Test("75: more bytes than the list says are not taken, and the transfer ends there")
    func tooMany() throws {
        let announced = try Self.refused { _, bytes in FileServer.whole(bytes + [1]) }
        #expect(announced.name == .TooLarge)
        let flooding = try Self.refused { _, bytes in
            [FileServer.head("200 OK", nil), .flood(String(repeating: "x", count: 1 << 16))]
        }
        #expect(flooding.name == .TooLarge)
        let rest = try Self.refused { request, bytes in
            guard let offset = FileServer.offset(request) else {
                return [FileServer.head("200 OK", bytes.count), .bytes(Array(bytes[..<1000]))]
            }
            let range = "Content-Range: bytes \(offset)-\(bytes.count - 1)/\(bytes.count)"
            return [
                FileServer.head("206 Partial Content", nil, [range]),
                .bytes(Array(bytes[offset...])), .flood(String(repeating: "x", count: 1 << 16)),
            ]
        }
        #expect(rest.name == .TooLarge)
    }

    @Test("73: fewer bytes than the list says are refused")
    func tooFew() throws {
        #expect(
            try Self.refused { _, bytes in FileServer.whole(Array(bytes.dropLast())) }.name == .SizeMismatch)
        let open = try Self.refused { _, bytes in
            [FileServer.head("200 OK", nil), .bytes(Array(bytes.dropLast()))]
        }
        #expect(open.name == .SizeMismatch)
    }

    @Test("74: other bytes are refused, after one transfer")
    func otherBytes() throws {
        let calls = Counter()
        let refusal = try Self.refused { _, bytes in
            _ = calls.next()
            return FileServer.whole(Array(bytes.dropLast()) + [bytes[bytes.count - 1] ^ 1])
        }
        #expect(refusal.name == .ChecksumMismatch)
        #expect(calls.next() == 2)
    }

    @Test(
        "77: a redirection to a file or another scheme is refused",
        arguments: ["file:///etc/passwd", "ftp://a/b"])
    func redirected(location: String) throws {
        let refusal = try Self.refused { _, _ in [.answer("302 Found", ["Location: \(location)"])] }
        #expect(refusal.name == .BadURI)
        #expect(refusal.message.contains("it is redirected to \(location)"))
    }

    @Test("a redirection to another server is followed, for the rest too")
    func moved() throws {
        let server = try FileServer(Self.bytes)
        defer { server.server.stop() }
        let there = server.server.uri + "/there"
        try Self.fetched { _, _ in [.answer("302 Found", ["Location: \(there)"])] }
        #expect(server.server.requests.map(\.path) == ["/there"])
    }

    @Test(
        "what a server refuses for good is not asked for twice",
        arguments: ["400 Bad", "401 No", "403 No", "404 No", "410 Gone", "501 No"])
    func refusedByServer(status: String) throws {
        let calls = Counter()
        let refusal = try Self.refused { _, _ in
            _ = calls.next()
            return [.answer(status, [], "words of the server")]
        }
        #expect(refusal.name == .ImageUnavailable)
        #expect(refusal.message.contains("the server says \(status.prefix(3))"))
        #expect(!refusal.message.contains("words of the server"))
        #expect(calls.next() == (status.hasPrefix("5") ? TransferRules.attempts + 1 : 2))
    }

    @Test(
        "a server that stays busy is given up after some attempts, and what has come waits for the next fetch"
    )
    func givenUp() throws {
        let server = try LoopbackServer { request in
            FileServer.offset(request) == nil
                ? [FileServer.head("200 OK", Self.bytes.count), .bytes(Array(Self.bytes[..<2_000_000]))]
                : [.answer("503 Busy")]
        }
        defer { server.stop() }
        try StoreFixture.with { fixture in
            #expect(refusal { _ = try fixture.fetch(Self.bytes, from: server) } == .ImageUnavailable)
            #expect(server.requests.count == TransferRules.attempts + 1)
            server.answer { FileServer.steps($0, Self.bytes) }
            var resumed: [FetchEvent] = []
            let image = try fixture.fetch(Self.bytes, from: server) { resumed.append($0) }
            #expect(resumed.first == .resuming(have: 2_000_000, of: 3_000_000))
            #expect(server.requests.last.flatMap { FileServer.offset($0) } == 2_000_000)
            #expect(try fixture.store.verify(image.digest) == image)
            #expect(try fixture.leftovers() == [image.digest.description])
        }
    }

    @Test("a server that stalls is given up, and asked for the rest")
    func stall() throws {
        let asked = try Self.fetched { request, bytes in
            guard FileServer.offset(request) == nil else { return FileServer.steps(request, bytes) }
            return [FileServer.head("200 OK", bytes.count), .bytes(Array(bytes[..<500_000])), .wait(30)]
        }
        #expect(asked == [nil, 500_000])
    }

    @Test("a fetch that is not done in time says how far it is, and the next one goes on from there")
    func late() throws {
        let server = try LoopbackServer { request in
            guard FileServer.offset(request) == nil else { return FileServer.steps(request, Self.bytes) }
            let trickle = (0..<200).flatMap { _ in
                [Step.bytes([UInt8](repeating: 7, count: 100)), .wait(0.05)]
            }
            return [FileServer.head("200 OK", Self.bytes.count), .bytes(Array(Self.bytes[..<1_100_000]))]
                + trickle
        }
        defer { server.stop() }
        try StoreFixture.with { fixture in
            let error = #expect(throws: ImageStoreError.self) {
                try fixture.fetch(Self.bytes, from: server, seconds: 6)
            }
            guard case .late(_, let have, 3_000_000) = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect(have >= 1_100_000)
            server.answer { FileServer.steps($0, Self.bytes) }
            // The trickle's bytes were others: what is here does not make the image, and all is fetched once more.
            let image = try fixture.fetch(Self.bytes, from: server)
            #expect(try fixture.store.verify(image.digest) == image)
        }
    }

    @Test("a site's mirror is asked first, by the image's digest, and nobody else when it has the image")
    func mirror() throws {
        let mirror = try FileServer(Self.bytes)
        let origin = try FileServer(Self.bytes)
        defer { [mirror, origin].forEach { $0.server.stop() } }
        try StoreFixture.with { fixture in
            let image = try fixture.fetch(
                Self.bytes, from: origin.server, mirror: mirror.server.uri + "/images")
            #expect(mirror.server.requests.map(\.path) == ["/images/\(image.digest)"])
            #expect(origin.server.requests.isEmpty)
        }
    }

    @Test(
        "a mirror that lacks the image, breaks or lies is left for the place that the list says",
        arguments: 0..<5)
    func badMirror(kind: Int) throws {
        let bytes = Self.bytes
        let answers: [Answer] = [
            { _, _ in [.answer("404 Not Found")] },
            { _, _ in [] },
            { _, bytes in FileServer.whole([UInt8](repeating: 1, count: bytes.count)) },
            { _, bytes in FileServer.whole(bytes + bytes) },
            { _, bytes in FileServer.whole(Array(bytes[..<1000])) },
        ]
        let mirror = try LoopbackServer { answers[kind]($0, bytes) }
        let origin = try FileServer(bytes)
        defer { [mirror, origin.server].forEach { $0.stop() } }
        try StoreFixture.with { fixture in
            var events: [FetchEvent] = []
            let image = try fixture.fetch(bytes, from: origin.server, mirror: mirror.uri) {
                events.append($0)
            }
            #expect(try fixture.store.verify(image.digest) == image)
            #expect(events.contains { if case .abandoned = $0 { true } else { false } })
            #expect(origin.server.requests.map { FileServer.offset($0) } == [nil])
        }
    }

    @Test("comes no faster than the site says")
    func bandwidth() throws {
        let server = try FileServer(Self.bytes)
        defer { server.server.stop() }
        try StoreFixture.with { fixture in
            var rules = TransferRules(over: HTTP.transport, bandwidth: ByteCount(2_000_000))
            rules.stall = 5
            let source = ImageSource(
                digest: Sha512.digest(Self.bytes), size: 3_000_000, format: .raw,
                uri: server.server.uri + "/image")
            let began = Deadline.now
            _ = try fixture.store.fetch(
                source, limit: StoreFixture.limit, now: StoreFixture.now, before: Deadline(seconds: 30),
                by: rules
            ) { ImageNeeds() }
            #expect(Deadline.now - began > 700)
        }
    }
}

/// Counts calls from several threads.
final class Counter: @unchecked Sendable {
    private let lock = NSLock()
    private var count = 0

    func next() -> Int {
        lock.withLock {
            count += 1
            return count
        }
    }
}
