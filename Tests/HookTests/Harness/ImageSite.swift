import Foundation
import TestSupport

/// A node whose one image lies on a loopback server.
final class ImageSite: Sendable {
    let node: Node
    let server: LoopbackServer
    /// What the server sends.
    let body: [UInt8]
    /// What the store holds of it in the end.
    let content: Data
    /// The image's SHA-512 in hexadecimal digits.
    let digest: String

    /// An image of some mebibytes that do not compress; `packed` by gzip when it is to be.
    init(mebibytes: Int, packed: Bool = false, list: String = "served.list") throws {
        node = try Node(refreshed: false)
        let raw = node.path("disk.raw")
        let image = node.path(packed ? "disk.qcow2.gz" : "disk.qcow2")
        let script = """
            head -c \(mebibytes)M /dev/urandom >"$0" && qemu-img convert -f raw -O qcow2 "$0" "$1" && rm "$0"
            """
        let path = node.path("disk.qcow2")
        try Launch.require(["/bin/sh", "-ec", script, raw, path])
        content = try Data(contentsOf: URL(fileURLWithPath: path))
        if packed { try Launch.require(["/usr/bin/gzip", path]) }
        let body = [UInt8](try Data(contentsOf: URL(fileURLWithPath: image)))
        self.body = body
        digest = String(try Launch.require(["/usr/bin/sha512sum", image]).text.prefix(128))
        server = try LoopbackServer { Self.answer($0, body) }
        let signed = node.path(list)
        let document = node.path("list.json")
        let endorsement = node.endorsement
        try endorsement.sign(
            signed, image: image, ["--image-uri", server.uri + "/image", "--json", document])
        if packed {
            let text = try String(contentsOfFile: document, encoding: .utf8)
            try text.replacingOccurrences(of: "\"qcow2\"", with: "\"qcow2.gz\"").write(
                toFile: document, atomically: true, encoding: .utf8)
            try Launch.require([
                "/usr/bin/openssl", "smime", "-sign", "-md", "sha256", "-in", document, "-signer",
                endorsement.authority + "/eve.pem", "-inkey", endorsement.authority + "/eve.key", "-out",
                signed,
            ])
        }
        try node.write("etc/bivouac/lists.d/demo.toml", node.subscription(signed))
        try node.refresh()
    }

    deinit { server.stop() }

    /// All of the body, or the rest that is asked for.
    static func answer(_ request: LoopbackServer.Request, _ body: [UInt8], slowly: Bool = false)
        -> [LoopbackServer.Step]
    {
        let offset = request.headers["range"].flatMap { Int($0.dropFirst("bytes=".count).dropLast()) } ?? 0
        let head =
            offset == 0
            ? "HTTP/1.1 200 OK\r\n"
            : "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes \(offset)-\(body.count - 1)/\(body.count)\r\n"
        var steps: [LoopbackServer.Step] = [
            .send(head + "Connection: close\r\nContent-Length: \(body.count - offset)\r\n\r\n")
        ]
        guard slowly else { return steps + [.bytes(Array(body[offset...]))] }
        for start in stride(from: offset, to: body.count, by: 1 << 16) {
            steps += [.bytes(Array(body[start..<min(body.count, start + 1 << 16)])), .wait(0.01)]
        }
        return steps
    }

    /// From now on, 64 KiB each hundredth of a second at most.
    func slowDown() {
        let body = body
        server.answer { Self.answer($0, body, slowly: true) }
    }

    /// From now on, who asks for the whole gets it slowly and never its end; who asks for the rest gets that.
    func withhold() {
        let body = body
        server.answer { request in
            let steps = Self.answer(request, body, slowly: true)
            return request.headers["range"] == nil ? steps.dropLast(4) + [.wait(60)] : steps
        }
    }

    func speedUp() {
        let body = body
        server.answer { Self.answer($0, body) }
    }

    var fetch: [String] { [Built.bivouac, "image", "fetch", "demo/minimal"] }
    var environment: [String: String] { ["BIVOUAC_ROOT": node.root] }

    func start(_ words: [String]? = nil) throws -> Launch {
        try Launch(words ?? fetch, environment: environment)
    }

    /// Where the bytes arrive; nil before that.
    var arrived: Int? {
        let new = node.path("var/lib/bivouac/images/\(digest).new")
        let sizes = ["image", "packed"].compactMap { name in
            try? FileManager.default.attributesOfItem(atPath: "\(new)/\(name)")[.size] as? Int
        }
        return sizes.first
    }

    /// Images in the store, and what is left of any.
    var stored: [String] {
        node.names("var/lib/bivouac/images").filter { !["locks", "reserved"].contains($0) }
    }

    func emptyStore() throws {
        try FileManager.default.removeItem(atPath: node.path("var/lib/bivouac/images"))
    }

    /// The image is there, whole, and nothing else is.
    func isComplete() throws -> Bool {
        let directory = "var/lib/bivouac/images/\(digest)"
        return stored == [digest] && node.names(directory) == ["entry.json", "image"]
            && FileManager.default.contents(atPath: node.path(directory + "/image")) == content
    }
}
