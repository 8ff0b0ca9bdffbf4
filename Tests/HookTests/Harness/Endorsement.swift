import Foundation
import TestSupport

/// A grid site's surroundings: authority, endorser, anchors, an image and its signed list, made with the
/// examples' own scripts.
final class Endorsement: Sendable {
    static let list = "5a5e1e5c-8a52-4c0f-9d6c-7d0d6a1f0001"
    static let image = "5a5e1e5c-8a52-4c0f-9d6c-7d0d6a1f0002"
    static let dn = "/DC=org/DC=example/OU=People/CN=Eve Endorser"
    static let ca = "/DC=org/DC=example/CN=Example Grid CA"

    let directory: String

    init() throws {
        directory = "/tmp/bivouac-test-" + String(UUID().uuidString.prefix(8))
        try FileManager.default.createDirectory(
            atPath: directory, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o755])
        try endorser("ca", ["create", authority])
        for (name, common) in [("eve", "Eve Endorser"), ("dan", "Dan Endorser")] {
            try endorser("ca", ["issue", authority, name, common])
        }
        try endorser("ca", ["anchors", authority, anchors])
        try Launch.require(["/usr/bin/qemu-img", "create", "-q", "-f", "qcow2", image, "16M"])
        try sign(list)
        try copyProgram(Built.launcher, to: launcher)
    }

    func remove() { try? FileManager.default.removeItem(atPath: directory) }

    var authority: String { directory + "/ca" }
    var anchors: String { directory + "/anchors" }
    var image: String { directory + "/image.qcow2" }
    var list: String { directory + "/demo.list" }
    /// A copy that every user can run, wherever the build lies.
    var launcher: String { directory + "/bivouac-run" }

    /// Runs a script of examples/endorser.
    func endorser(_ script: String, _ arguments: [String]) throws {
        try Launch.require([Built.tree + "/examples/endorser/" + script] + arguments)
    }

    /// Signs a list that names one image, as the site's subscription asks for it.
    func sign(
        _ path: String, by name: String = "eve", identifier: String = Endorsement.list, image: String? = nil,
        in authority: String? = nil, _ options: [String] = []
    ) throws {
        let keys = authority ?? self.authority
        try endorser(
            "sign-list",
            [
                "--key", "\(keys)/\(name).key", "--cert", "\(keys)/\(name).pem", "--identifier", identifier,
                "--uri", "file://" + path, "--output", path, "--image", Self.image, image ?? self.image,
                "Test image",
            ] + options)
    }

    /// A moment as lists spell it.
    static func moment(_ secondsFromNow: Double) -> String {
        ISO8601DateFormatter().string(from: Date(timeIntervalSinceNow: secondsFromNow.rounded()))
    }
}
