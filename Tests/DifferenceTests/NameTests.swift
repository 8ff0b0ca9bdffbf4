import Testing

@testable import Difference

@Suite("A name from a guest") struct NameTests {
    @Test(
        "is shown so that it cannot deceive",
        arguments: [
            ("plain name-1.txt", "plain name-1.txt"), ("gr\u{FC}n", "gr\u{FC}n"), ("a\nb", "a\\x0ab"),
            ("\u{1B}[2J", "\\x1b[2J"), ("a\\nb", "a\\\\nb"), ("x\u{202E}gpj.exe", "x\\u{202e}gpj.exe"),
            ("zero\u{200B}width", "zero\\u{200b}width"), ("\u{A0}", "\\u{00a0}"),
        ])
    func shown(name: String, text: String) {
        #expect(PrintableName.text(name) == text)
        #expect(PrintableName.plain(text) == text)
    }

    @Test("that is no UTF-8 shows its bytes")
    func bytes() {
        #expect(PrintableName.text([0x61, 0xFF, 0xC3, 0x62]) == "a\\xff\\xc3b")
        #expect(PrintableName.text([0xC0, 0xAF]) == "\\xc0\\xaf")
    }

    @Test(
        "says by its place why it matters",
        arguments: [
            ("/etc/cron.daily/x", [Concern.cron]), ("/var/spool/cron/root", [.cron]),
            ("/etc/systemd/system/x.service", [.service]), ("/home/eve/.config/systemd/user/x", [.service]),
            ("/root/.ssh/authorized_keys", [.ssh]), ("/etc/ssh/sshd_config", [.ssh]),
            ("/etc/ld.so.preload", [.loader]), ("/etc/sudoers.d/x", [.account]),
            ("/boot/grub/grub.cfg", [.boot]),
            ("/home/eve/.bashrc", [.shell]), ("/etc/pam.d/su", [.login]), ("/etc/cronicle", [.cron]),
            ("/home/cron.d", []), ("/srv/data", []),
            ("/@/etc/cron.d/evil", [.cron]), ("/root/usr/lib/systemd/system/x.service", [.service]),
            ("/@/.snapshots/12/snapshot/etc/passwd", [.account]), ("/srv/.snapshots/12/other/etc/passwd", []),
            ("/grub/grub.cfg", [.boot]), ("/vmlinuz-6.1", [.boot]), ("/EFI/debian/grubx64.efi", [.boot]),
            ("/spool/cron/root", [.cron]), ("/etc/sudoers.d/\u{301}x", [.account]),
            ("/home/eve/.ssh/\u{301}", [.ssh]), ("/etc/sudoers\u{301}", []),
            ("/var/lib/systemd/linger/eve", [.service]), ("/var/lib/systemd/random-seed", []),
            ("/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2", [.loader]),
            ("/usr/lib64/ld-linux-x86-64.so.2", [.loader]),
        ])
    func places(path: String, concerns: [Concern]) {
        let facts = Change.Facts(type: "file", mode: 0o644, uid: 0, gid: 0, size: 1, modified: 0)
        #expect(Change(path: path, kind: .added, before: nil, after: facts).concerns == concerns)
    }

    @Test("is noise only where a start changes plain files, and never where it gives rights")
    func noise() {
        func change(
            _ path: String, mode: UInt16 = 0o644, type: String = "file", _ aspects: [Change.Aspect] = []
        )
            -> Change
        {
            let facts = Change.Facts(type: type, mode: mode, uid: 0, gid: 0, size: 1, modified: 0)
            return Change(path: path, kind: .added, aspects: aspects, before: nil, after: facts)
        }
        #expect(change("/var/log/x").isNoise)
        #expect(change("/@rootfs/var/log/x").isNoise)
        #expect(change("/var/log/\u{301}x").isNoise)
        #expect(!change("/tmp/var/log/x").isNoise)
        #expect(!change("/var/log/x", mode: 0o4755).isNoise)
        #expect(!change("/var/log/x", type: "blockDevice").isNoise)
        #expect(!change("/var/log/x", [.owner]).isNoise)
        #expect(!change("/var/logs").isNoise)
        #expect(change("/srv/x", [.time]).isNoise)
    }
}
