import Digest
import Fetch
import Foundation
import TestSupport
import Unix

@testable import ImageStore

/// A loopback server that has one body and sends it, or the part that is asked for.
struct FileServer {
    let server: LoopbackServer

    init(_ body: [UInt8]) throws {
        server = try LoopbackServer { request in Self.steps(request, body) }
    }

    /// A whole answer to a request for all or for the rest.
    static func steps(_ request: LoopbackServer.Request, _ body: [UInt8]) -> [LoopbackServer.Step] {
        guard let offset = offset(request) else { return whole(body) }
        guard offset < body.count else { return [.answer("416 Range Not Satisfiable")] }
        let range = "Content-Range: bytes \(offset)-\(body.count - 1)/\(body.count)"
        return [head("206 Partial Content", body.count - offset, [range]), .bytes(Array(body[offset...]))]
    }

    static func whole(_ body: [UInt8]) -> [LoopbackServer.Step] {
        [head("200 OK", body.count), .bytes(body)]
    }

    static func head(_ status: String, _ length: Int?, _ more: [String] = []) -> LoopbackServer.Step {
        let lines =
            ["HTTP/1.1 \(status)", "Connection: close"] + (length.map { ["Content-Length: \($0)"] } ?? [])
            + more
        return .send(lines.joined(separator: "\r\n") + "\r\n\r\n")
    }

    /// The first byte that a request asks for; nil when it asks for all.
    static func offset(_ request: LoopbackServer.Request) -> Int? {
        request.headers["range"].flatMap { Int($0.dropFirst("bytes=".count).dropLast()) }
    }
}

extension StoreFixture {
    /// Fetches over http with little patience; the server's address stands for the image's place.
    func fetch(
        _ bytes: [UInt8], from server: LoopbackServer, format: ImageFormat = .raw, packing: Packing = .plain,
        size: Int64? = nil, mirror: String? = nil, seconds: Int = 20, report: (FetchEvent) -> Void = { _ in }
    ) throws -> StoredImage {
        let source = ImageSource(
            digest: Sha512.digest(bytes), size: size ?? Int64(bytes.count), format: format, packing: packing,
            uri: server.uri + "/image")
        var rules = TransferRules(over: HTTP.transport, mirror: mirror, purpose: "test")
        rules.backoff = 4
        rules.stall = 1
        return try store.fetch(
            source, limit: Self.limit, now: Self.now, before: Deadline(seconds: seconds), by: rules,
            report: report
        ) { ImageNeeds() }
    }
}
