import Job
import Site
import Testing

@Suite("The places of a node")
struct PlacesTests {
    @Test("lie where the design says, below any root", arguments: ["", "/scratch"])
    func paths(root: String) throws {
        let places = Places(root: root)
        let key = try #require(JobKey("demo-4711"))
        let machine = MachineName(key: key, attempt: 2)
        let expected: [(String, String)] = [
            (places.siteFile, "/etc/bivouac/site.toml"),
            (places.endorsers, "/etc/bivouac/endorsers.d"),
            (places.lists, "/etc/bivouac/lists.d"),
            (places.denials, "/etc/bivouac/deny.d"),
            (places.job(key).path, "/run/bivouac/jobs/demo-4711"),
            (places.job(key).record, "/run/bivouac/jobs/demo-4711/record.json"),
            (places.job(key).lock, "/run/bivouac/jobs/demo-4711/lock"),
            (places.job(key).payloadSocket, "/run/bivouac/jobs/demo-4711/payload.sock"),
            (places.job(key).controlSocket, "/run/bivouac/jobs/demo-4711/control.sock"),
            (places.virtualization, "/run/bivouac/virtualization.json"),
            (places.accounts, "/run/bivouac/accounts"),
            (places.machine(machine).overlay, "/var/lib/bivouac/machines/demo-4711.2/overlay.qcow2"),
            (places.machine(machine).context, "/var/lib/bivouac/machines/demo-4711.2/context.iso"),
            (places.machine(machine).console, "/var/lib/bivouac/machines/demo-4711.2/console.log"),
            (places.machine(machine).record, "/var/lib/bivouac/machines/demo-4711.2/record.json"),
            (places.toolsVolume("ab"), "/var/lib/bivouac/tools/ab.iso"),
            (places.listState("demo"), "/var/lib/bivouac/lists/demo"),
            (places.image("ab"), "/var/lib/bivouac/images/ab"),
            (
                places.evidence(machine, date: "2026-11-21"),
                "/var/lib/bivouac/evidence/2026-11-21/demo-4711.2"
            ),
            (places.auditLog, "/var/log/bivouac/audit.jsonl"),
        ]
        for (path, end) in expected { #expect(path == root + end) }
    }

    @Test("slashes at the end of a root do not count")
    func slashes() {
        #expect(Places(root: "/a//") == Places(root: "/a"))
        #expect(Places(root: "/").siteFile == "/etc/bivouac/site.toml")
    }

    @Test("a root is refused when the payload socket of a 20-digit job would pass 107 bytes")
    func longRoot() throws {
        // "/run/bivouac/jobs/" + "demo-" + 20 digits + "/payload.sock" are 56 bytes.
        let fits = "/" + String(repeating: "r", count: 50)
        try Places(root: fits).check(cluster: "demo")
        #expect(
            throws: SiteError.socketPathTooLong(
                "\(fits)r/run/bivouac/jobs/demo-99999999999999999999/payload.sock", limit: 107)
        ) { try Places(root: fits + "r").check(cluster: "demo") }
    }

    @Test("one job is judged by its own key")
    func longKey() throws {
        let short = try #require(JobKey("demo-1"))
        let long = try #require(JobKey("demo-" + String(repeating: "1", count: 64)))
        try Places(root: "/r").check(short)
        try Places(root: "").check(long)
        #expect(throws: SiteError.self) { try Places(root: "/var/lib").check(long) }
    }

    @Test(
        "a root that is no absolute path or holds control characters is refused", arguments: ["a", "/a\nb"])
    func oddRoot(root: String) {
        #expect(throws: SiteError.self) { try Places(root: root).check(cluster: "x") }
    }
}
