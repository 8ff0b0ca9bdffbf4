import Foundation
import Site

/// A root directory with a configuration of its own, removed with the value.
final class ScratchSite {
    let places: Places

    init(_ files: [String: String]) throws {
        let root = NSTemporaryDirectory() + "bivouac-test-\(UUID().uuidString.prefix(8))"
        places = Places(root: root)
        for directory in [places.configuration, places.endorsers, places.lists, places.denials] {
            try FileManager.default.createDirectory(
                atPath: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
        }
        for (name, text) in files { try write(name, text) }
    }

    deinit { try? FileManager.default.removeItem(atPath: places.root) }

    /// Writes a file below `/etc/bivouac`.
    func write(_ name: String, _ text: String, mode: Int = 0o644) throws {
        let path = "\(places.configuration)/\(name)"
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
    }

    /// What loading says, without the directory in front of file names.
    func error() -> String? {
        do throws(SiteError) {
            _ = try Site.load(places: places)
            return nil
        } catch {
            return "\(error)".replacingOccurrences(of: places.configuration + "/", with: "")
        }
    }

    /// The faults of a site that loads, without the directory in front of file names.
    func faults() throws -> [String] {
        try Site.load(places: places).faults.map {
            "\($0)".replacingOccurrences(of: places.configuration + "/", with: "")
        }
    }
}

/// The examples of the design, complete.
enum Example {
    static let site = """
        cluster = "demo"
        anchors = "/etc/grid-security/certificates"
        maximum_list_age = "35d"
        virtualization = "auto"
        boot_timeout = "5m"
        prologue_timeout = "8m"
        qemu_accounts = "bivouac-vm"

        [queue.vm]
        image = "demo/minimal"
        allow = ["demo/*"]
        classes = [1, 2]
        network = "none"
        workdir = "stage"
        workdir_limit = "1 GiB"

        [store]
        limit = "200 GiB"

        [evidence]
        keep = "7d"
        limit = "50 GiB"
        end_state = "on-failure"
        """
    static let endorser = """
        dn = "/DC=org/DC=example/OU=People/CN=Eve Endorser"
        ca = "/DC=org/DC=example/CN=Example Grid CA"
        vo = "demo"
        """
    static let list = """
        uri = "https://images.example.org/demo.list"
        identifier = "9c0a3f4e-0001-4000-8000-000000000001"
        endorsers = ["eve"]
        class = 2
        new_images = "accept"
        [images]
        minimal = "0b6e3f4e-0001-4000-8000-000000000002"
        """
    static let denial = """
        sha512 = ["\(String(repeating: "aB", count: 64))"]
        reason = "kernel hole, reported to the endorser 2026-11-02"
        """
    static let all = [
        "site.toml": site, "endorsers.d/eve.toml": endorser, "lists.d/demo.toml": list,
        "deny.d/CVE-2026-1234.toml": denial,
    ]
}
