import Foundation
import Site
import Testing

@Suite("A snippet of context.d")
struct SnippetTests {
    private func loaded(_ snippets: [String: String]) throws -> Site {
        let scratch = try ScratchSite(["site.toml": "cluster = 't'\n"])
        try FileManager.default.createDirectory(
            atPath: scratch.places.snippets, withIntermediateDirectories: false,
            attributes: [.posixPermissions: 0o755])
        for (name, text) in snippets { try scratch.write("context.d/\(name).toml", text) }
        return try Site.load(places: scratch.places)
    }

    @Test("is read into files and variables")
    func read() throws {
        let site = try loaded([
            "log": "[files]\n\"/etc/rsyslog.d/50-site.conf\" = \"*.* @@loghost\\n\"\n",
            "proxy": "[environment]\nhttp_proxy = 'http://proxy:3128'\nSITE_NAME = 'X Y'\n",
        ])
        #expect(site.faults.isEmpty)
        #expect(site.snippets.map(\.name) == ["log", "proxy"])
        #expect(site.snippets[0].files == ["/etc/rsyslog.d/50-site.conf": "*.* @@loghost\n"])
        #expect(site.snippets[1].environment == ["http_proxy": "http://proxy:3128", "SITE_NAME": "X Y"])
    }

    @Test(
        "that touches compilers, interpreters, kernels, packages or the way to root is refused",
        arguments: [
            "/usr/bin/gcc", "/usr/bin/python3", "/usr/lib/python3/dist-packages/x.py", "/usr/bin/perl",
            "/usr/local/bin/cc", "/boot/vmlinuz", "/lib/modules/6.1.0/x.ko", "/etc/modprobe.d/x.conf",
            "/etc/apt/sources.list", "/etc/yum.repos.d/x.repo", "/etc/sudoers", "/etc/sudoers.d/x",
            "/etc/passwd", "/etc/shadow", "/etc/group", "/root/.ssh/authorized_keys", "/etc/ssh/sshd_config",
            "/etc/pam.d/su", "/etc/cron.d/x", "/etc/systemd/system/x.service", "/etc/profile.d/x.sh",
            "/etc/ld.so.preload", "/etc/ld.so.conf.d/x.conf", "/etc/environment",
            "/etc/rsyslog.d/../sudoers", "/etc/rsyslog.d/./x", "/etc/rsyslog.d//x", "/etc/rsyslog.d/",
            "/etc/rsyslog.d", "etc/rsyslog.d/x", "/etc/krb5.conf/x", "/etc/rsyslog.d/.x",
            "/etc/rsyslog.d/a b",
            "/etc/resolv.conf2", "/",
        ])
    func refusedPath(path: String) throws {
        let site = try loaded(["bad": "[files]\n\"\(path)\" = 'x'\n"])
        #expect(site.snippets.isEmpty)
        #expect(site.faults.first.map { "\($0)".contains("ContextNotAllowed") } == true)
    }

    @Test(
        "that sets a variable which changes what programs run is refused",
        arguments: [
            "PATH", "LD_PRELOAD", "LD_LIBRARY_PATH", "CC", "CXX", "PYTHONPATH", "PERL5LIB", "BASH_ENV", "ENV",
            "HOME", "SHELL", "IFS", "SITE", "HTTP_PROXY2", "SITE_A-B",
        ])
    func refusedVariable(variable: String) throws {
        let site = try loaded(["bad": "[environment]\n\"\(variable)\" = 'x'\n"])
        #expect(site.snippets.isEmpty)
        #expect(site.faults.first.map { "\($0)".contains("ContextNotAllowed") } == true)
    }

    @Test("is told with line and column, and leaves the others as they are")
    func place() throws {
        let long = String(repeating: "x", count: 140_000)
        let site = try loaded([
            "a": "[environment]\nTZ = 'UTC'\n", "b": "[environment]\nTZ = 'CET'\n", "c": "\nscript = 'x'\n",
            "d": "[files]\n\"/etc/resolv.conf\" = '\(long)'\n",
        ])
        #expect(site.snippets.map(\.name) == ["a"])
        let faults = site.faults.map { "\($0)" }
        #expect(faults.count == 3)
        #expect(faults.contains { $0.contains("b.toml") && $0.contains("another snippet has 'TZ'") })
        #expect(faults.contains { $0.contains("c.toml:2:1: unknown key 'script'") })
    }
}
