import Foundation
import Site
import Testing

@Suite("What a site.toml may not say")
struct SiteErrorTests {
    /// What stands in place of a line of the example, or behind it, and the error.
    static let wrong: [(line: String, error: String)] = [
        (
            "cluster = ",
            "site.toml:1:11: not TOML: error while parsing key-value pair: expected value, saw '\\n'"
        ),
        (
            "cluster = 'x'\ncluster = 'y'",
            "site.toml:2:11: not TOML: error while parsing key-value pair: cannot redefine existing string 'cluster'"
        ),
        (
            "cluster = 'x'\n[queue.a]\nallow = ['b/*']\n[queue.a]\nallow = ['b/*']",
            "site.toml:4:1: not TOML: error while parsing table header: cannot redefine existing table 'queue.a'"
        ),
        ("", "site.toml:1:1: 'cluster' is missing: add cluster = \"NAME\""),
        (
            "cluster = 4",
            "site.toml:1:1: 'cluster' is an integer: it must be 1 to 32 letters, digits, '_' and '-', the first a letter or digit, in quotes"
        ),
        (
            "cluster = 'a b'",
            "site.toml:1:1: 'cluster' is 'a b': it must be 1 to 32 letters, digits, '_' and '-', the first a letter or digit"
        ),
        (
            "cluster = 'x'\n  anchors = 'certs'",
            "site.toml:2:3: 'anchors' is 'certs': it must be an absolute path"
        ),
        (
            "cluster = 'x'\nmaximum_list_age = '35'",
            "site.toml:2:1: 'maximum_list_age' is '35': it must be a time like \"5m\" (s, m, h or d) from 1s to 3650d"
        ),
        (
            "cluster = 'x'\nmaximum_list_age = '-1d'",
            "site.toml:2:1: 'maximum_list_age' is '-1d': it must be a time like \"5m\" (s, m, h or d) from 1s to 3650d"
        ),
        (
            "cluster = 'x'\nmaximum_list_age = '9223372036854775807d'",
            "site.toml:2:1: 'maximum_list_age' is '9223372036854775807d': it must be a time like \"5m\" (s, m, h or d) from 1s to 3650d"
        ),
        (
            "cluster = 'x'\nboot_timeout = 300",
            "site.toml:2:1: 'boot_timeout' is an integer: it must be a time like \"5m\" (s, m, h or d) from 1s to 1h, in quotes"
        ),
        (
            "cluster = 'x'\nboot_timeout = '2h'",
            "site.toml:2:1: 'boot_timeout' is '2h': it must be a time like \"5m\" (s, m, h or d) from 1s to 1h"
        ),
        (
            "cluster = 'x'\nprologue_timeout = '0s'",
            "site.toml:2:1: 'prologue_timeout' is '0s': it must be a time like \"5m\" (s, m, h or d) from 1s to 1d"
        ),
        (
            "cluster = 'x'\nprologue_timeout = '4m'",
            "site.toml:2:1: 'prologue_timeout' is 4m, shorter than 'boot_timeout' (5m): make it longer or that one shorter"
        ),
        (
            "cluster = 'x'\nsilence_timeout = '5s'",
            "site.toml:2:1: 'silence_timeout' is '5s': it must be a time like \"5m\" (s, m, h or d) from 20s to 1h"
        ),
        (
            "cluster = 'x'\nvirtualization = 'vmware'",
            "site.toml:2:1: 'virtualization' is 'vmware': it must be one of auto, kvm, qemu, xen"
        ),
        (
            "cluster = 'x'\nqemu_accounts = 'Root'",
            "site.toml:2:1: 'qemu_accounts' is 'Root': it must be 1 to 24 lower-case letters, digits, '_' and '-', the first a letter or '_'"
        ),
        (
            "cluster = 'x'\nlibvirt = 'system'",
            "site.toml:2:1: 'libvirt' is 'system': it must be the URI of a connection, like qemu:///system"
        ),
        (
            "cluster = 'x'\nmemory_overhead = '1 TB'",
            "site.toml:2:1: 'memory_overhead' is '1 TB': it must be a size like \"64 MiB\" (B, KiB, MiB, GiB or TiB) from 0 B to 1 TiB"
        ),
        (
            "cluster = 'x'\nimage = 'a/b'",
            "site.toml:2:1: unknown key 'image': drop it or use one of cluster, anchors, maximum_list_age, virtualization, boot_timeout, prologue_timeout, silence_timeout, qemu_accounts, libvirt, libvirt_timeout, memory_overhead, queue, store, evidence, fetch, revoked, drain, hs06_per_cpu, scheduler, exports"
        ),
        (
            "cluster = 'x'\n\"a\\nb\" = 1",
            "site.toml:2:1: unknown key 'a?b': drop it or use one of cluster, anchors, maximum_list_age, virtualization, boot_timeout, prologue_timeout, silence_timeout, qemu_accounts, libvirt, libvirt_timeout, memory_overhead, queue, store, evidence, fetch, revoked, drain, hs06_per_cpu, scheduler, exports"
        ),
        ("cluster = 'x'\nqueue = 'vm'", "site.toml:2:1: 'queue' is a string: it must be a table, [queue]"),
        (
            "cluster = 'x'\n[queue]\nvm = 1",
            "site.toml:3:1: 'vm' in [queue] is an integer: it must be a table, [queue.vm]"
        ),
        (
            "cluster = 'x'\n[queue.'a b']",
            "site.toml:2:8: 'a b' in [queue] is no queue: 1 to 64 letters, digits, '.', '_' and '-', the first a letter or digit"
        ),
        (
            "cluster = 'x'\n[store]\nlimit = 2024-01-01",
            "site.toml:3:1: 'limit' in [store] is a date or time: it must be a size like \"64 MiB\" (B, KiB, MiB, GiB or TiB) from 1 MiB to 1048576 TiB, in quotes"
        ),
        (
            "cluster = 'x'\n[store]\nlimits = 'x'",
            "site.toml:3:1: unknown key 'limits' in [store]: drop it or use one of limit, quota, shared, "
                + "publish, verify, mirror, bandwidth"
        ),
        (
            "cluster = 'x'\n[evidence]\nkeep = 1.5",
            "site.toml:3:1: 'keep' in [evidence] is a float: it must be a time like \"5m\" (s, m, h or d) from 1s to 3650d, in quotes"
        ),
        (
            "cluster = 'x'\n[evidence]\nend_state = 'sometimes'",
            "site.toml:3:1: 'end_state' in [evidence] is 'sometimes': it must be one of never, on-failure, always"
        ),
    ]

    @Test("is refused by file, line, column and key, with what would be right", arguments: wrong)
    func refused(_ wrong: (line: String, error: String)) throws {
        let scratch = try ScratchSite(["site.toml": wrong.line + "\n"])
        #expect(scratch.error() == wrong.error)
    }

    static let wrongQueue: [(line: String, error: String)] = [
        ("", "2:8: 'allow' in [queue.vm] is missing: add allow = [\"LIST/*\"]"),
        (
            "allow = 'a/*'",
            "3:1: 'allow' in [queue.vm] is a string: it must be an array, [...], and each element LIST/* or LIST/ALIAS"
        ),
        ("allow = ['a/*', '*']", "3:17: 'allow' in [queue.vm] holds '*': each must be LIST/* or LIST/ALIAS"),
        ("allow = ['a/*', 'a/*']", "3:17: 'allow' in [queue.vm] holds 'a/*' twice: drop one"),
        ("allow = [[]]", "3:10: 'allow' in [queue.vm] holds an array: each must be LIST/* or LIST/ALIAS"),
        (
            "allow = ['a/*']\nimage = 'minimal'",
            "4:1: 'image' in [queue.vm] is 'minimal': it must be LIST/ALIAS or LIST/UUID"
        ),
        (
            "allow = ['a/*']\nimage = 'b/c'",
            "4:1: 'image' in [queue.vm] is 'b/c', which 'allow' does not name: add it there"
        ),
        (
            "allow = ['a/*']\nclasses = [1, 4]",
            "4:15: 'classes' in [queue.vm] holds 4: each must be a whole number from 1 to 3"
        ),
        ("allow = ['a/*']\nclasses = [1, 1]", "4:15: 'classes' in [queue.vm] holds 1 twice: drop one"),
        (
            "allow = ['a/*']\nclasses = [true]",
            "4:12: 'classes' in [queue.vm] holds a boolean: each must be a whole number from 1 to 3"
        ),
        ("allow = ['a/*']\nusers = []", "4:1: 'users' in [queue.vm] is empty: name somebody or drop the key"),
        (
            "allow = ['a/*']\ngroups = ['a b']",
            "4:11: 'groups' in [queue.vm] holds 'a b': each must be a name of 1 to 128 characters without white space"
        ),
        (
            "allow = ['a/*']\nnetwork = 'open'",
            "4:1: 'network' in [queue.vm] is 'open': it must be one of none, trusted, dmz"
        ),
        (
            "allow = ['a/*']\nworkdir = 'nfs'",
            "4:1: 'workdir' in [queue.vm] is 'nfs': it must be one of none, stage, virtiofs"
        ),
        (
            "allow = ['a/*']\nworkdir_limit = '-1 B'",
            "4:1: 'workdir_limit' in [queue.vm] is '-1 B': it must be a size like \"64 MiB\" (B, KiB, MiB, GiB or TiB) from 0 B to 1024 TiB"
        ),
        (
            "allow = ['a/*']\nmemory = '1 KiB'",
            "4:1: 'memory' in [queue.vm] is '1 KiB': it must be a size like \"64 MiB\" (B, KiB, MiB, GiB or TiB) from 1 MiB to 1024 TiB"
        ),
        (
            "allow = ['a/*']\nend_state = ''",
            "4:1: 'end_state' in [queue.vm] is '': it must be one of never, on-failure, always"
        ),
        (
            "allow = ['a/*']\nalow = 1",
            "4:1: unknown key 'alow' in [queue.vm]: drop it or use one of image, allow, classes, users, groups, accounts, network, workdir, workdir_limit, memory, end_state, grace, notice_signal, listening, payload, credentials, exports, user_disk"
        ),
    ]

    @Test("is refused in a queue, too", arguments: wrongQueue)
    func refusedQueue(_ wrong: (line: String, error: String)) throws {
        let scratch = try ScratchSite(["site.toml": "cluster = 'x'\n[queue.vm]\n\(wrong.line)\n"])
        #expect(scratch.error() == "site.toml:" + wrong.error)
    }

    @Test("a site.toml that is missing is an error, as is a missing directory")
    func missing() throws {
        let scratch = try ScratchSite([:])
        #expect(scratch.error() == "site.toml: there is no such file: write it")
        try FileManager.default.removeItem(atPath: scratch.places.configuration)
        #expect(scratch.error() == "site.toml: there is no such file: write it")
    }

    @Test("a file that others can write is not read", arguments: [0o664, 0o646, 0o622])
    func writableFile(mode: Int) throws {
        let scratch = try ScratchSite([:])
        try scratch.write("site.toml", "cluster = 'x'", mode: mode)
        #expect(
            scratch.error()
                == "site.toml: writable by group or others, so not trusted: chmod it to go-w")
    }

    @Test("a directory that others can write is not read")
    func writableDirectory() throws {
        let scratch = try ScratchSite(Example.all)
        try FileManager.default.setAttributes(
            [.posixPermissions: 0o777], ofItemAtPath: scratch.places.configuration)
        #expect(
            scratch.error()
                == "\(scratch.places.configuration): writable by group or others, so not trusted: chmod it to go-w"
        )
    }

    @Test(
        "a file that neither root nor we own is not read",
        .enabled(if: geteuid() == 0, "only root gives files away"))
    func strangersFile() throws {
        let scratch = try ScratchSite(["site.toml": "cluster = 'x'"])
        try FileManager.default.setAttributes(
            [.ownerAccountID: 4711], ofItemAtPath: scratch.places.siteFile)
        #expect(scratch.error() == "site.toml: owned by uid 4711, so not trusted: chown it to root")
    }

    @Test("what is no regular file is not read")
    func notAFile() throws {
        let scratch = try ScratchSite([:])
        try FileManager.default.createDirectory(
            atPath: scratch.places.siteFile, withIntermediateDirectories: false)
        #expect(scratch.error() == "site.toml: not a regular file: replace it by one")
        try FileManager.default.removeItem(atPath: scratch.places.siteFile)
        let status = unsafe mkfifo(scratch.places.siteFile, 0o600)
        #expect(status == 0)
        #expect(scratch.error() == "site.toml: not a regular file: replace it by one")
    }

    @Test("a document out of bounds is refused before it is taken apart")
    func bounds() throws {
        let scratch = try ScratchSite(["site.toml": String(repeating: "#\n", count: 600_000)])
        #expect(
            scratch.error() == "site.toml: longer than 1048576 bytes: divide it or drop what is not needed")
        try scratch.write("site.toml", "x = 1\n[" + String(repeating: "a.", count: 3000) + "b]")
        #expect(
            scratch.error() == "site.toml:2:4097: a line longer than 4096 bytes: break it, one element a line"
        )
        try scratch.write("site.toml", "[" + String(repeating: "a.", count: 2000) + "b]")
        #expect(scratch.error()?.hasSuffix("not TOML: nested too deep") == true)
        try scratch.write("site.toml", "cluster = 'x'\na = \(String(repeating: "[", count: 3000))")
        #expect(scratch.error()?.contains("exceeded maximum nested value depth") == true)
    }

    @Test("text that is not UTF-8 is refused")
    func encoding() throws {
        let scratch = try ScratchSite([:])
        try Data([0x61, 0x3D, 0x27, 0xFF, 0x27, 0x0A]).write(
            to: URL(fileURLWithPath: scratch.places.siteFile))
        #expect(scratch.error()?.hasPrefix("site.toml:1:") == true)
    }
}
