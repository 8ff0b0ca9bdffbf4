/// Why a change matters more than others: it gives rights, or it makes something run.
package enum Concern: String, Sendable, CaseIterable {
    /// A program that runs with its owner's or group's rights.
    case setuid, setgid
    /// A program with privileges of its own, capabilities(7).
    case capabilities
    /// What runs at certain times.
    case cron
    /// What systemd or another init starts.
    case service
    case ssh
    /// Accounts, groups and who may become whom.
    case account
    /// What is loaded into every program.
    case loader
    /// How somebody proves who she is.
    case login
    /// What every shell runs.
    case shell
    /// Boot loader, kernel and its modules.
    case boot
    /// A device where no device belongs.
    case device
    /// A file that not even its owner can change.
    case immutable
}

extension Concern {
    /// What there is to be said of a change, without repetition.
    static func of(_ change: Change) -> [Concern] {
        var found = ofRights(change)
        let place = GuestPath(change.path)
        let roots = place.fromRoots
        found += places.filter { one in
            roots.contains { root in one.prefixes.contains { root.isBelow($0) } }
                || one.suffixes.contains { place.ends(with: $0) }
                || one.parts.contains { place.contains($0) }
        }.map(\.concern)
        return Concern.allCases.filter { found.contains($0) }
    }

    private static func ofRights(_ change: Change) -> [Concern] {
        var found: [Concern] = []
        if change.aspects.contains(.flags) { found.append(.immutable) }
        // What had these rights and has lost its content or its owner since is as remarkable.
        guard change.aspects != [.time], let facts = change.after ?? change.before else { return found }
        if facts.type == "file" {
            if facts.mode & 0o4000 != 0 { found.append(.setuid) }
            if facts.mode & 0o2000 != 0, facts.mode & 0o010 != 0 { found.append(.setgid) }
        }
        if facts.attributes.contains("security.capability") { found.append(.capabilities) }
        if facts.device != nil, !GuestPath(change.path).isBelow("/dev") { found.append(.device) }
        return found
    }

    private struct Place {
        let concern: Concern
        /// Paths and all below them, as they are called where `/boot`, `/usr` or `/var` are file systems of their
        /// own too; a star stands for any rest of a name.
        var prefixes: [String] = []
        var suffixes: [String] = []
        var parts: [String] = []
    }

    private static let places: [Place] = [
        Place(
            concern: .cron,
            prefixes: [
                "/etc/cron*", "/etc/anacrontab", "/var/spool/cron", "/var/spool/at", "/spool/cron",
                "/spool/at",
                "/etc/at.*",
            ]),
        Place(
            concern: .service,
            prefixes: [
                "/etc/systemd", "/lib/systemd", "/usr/lib/systemd", "/usr/local/lib/systemd", "/etc/init.d",
                "/etc/init", "/etc/inittab", "/etc/rc*", "/etc/xdg/systemd", "/etc/udev", "/lib/udev",
                "/usr/lib/udev", "/etc/dbus-1", "/etc/acpi", "/sbin/init", "/usr/sbin/init", "/etc/cloud",
                "/var/lib/cloud/scripts", "/var/lib/systemd/linger", "/etc/NetworkManager/dispatcher.d",
                "/etc/dhcp", "/etc/network",
            ], parts: ["/.config/systemd/"]),
        Place(concern: .ssh, prefixes: ["/etc/ssh"], parts: ["/.ssh"]),
        Place(
            concern: .account,
            prefixes: [
                "/etc/passwd", "/etc/passwd-", "/etc/shadow", "/etc/shadow-", "/etc/group", "/etc/group-",
                "/etc/gshadow", "/etc/gshadow-", "/etc/sudoers", "/etc/sudoers.d", "/etc/subuid",
                "/etc/subgid", "/etc/polkit-1", "/etc/doas.conf",
            ]),
        Place(
            concern: .loader,
            prefixes: [
                "/etc/ld.so.*", "/lib/ld-*", "/lib64/ld-*", "/lib/x86_64-linux-gnu/ld-*", "/usr/lib/ld-*",
                "/usr/lib64/ld-*", "/usr/lib/x86_64-linux-gnu/ld-*",
            ]),
        Place(
            concern: .login,
            prefixes: [
                "/etc/pam.d", "/etc/pam.conf", "/lib/security", "/lib64/security", "/etc/security",
                "/lib/x86_64-linux-gnu/security", "/usr/lib/security",
                "/usr/lib/x86_64-linux-gnu/security", "/usr/lib64/security", "/etc/nsswitch.conf",
                "/etc/krb5*", "/etc/grid-security",
            ]),
        Place(
            concern: .shell,
            prefixes: ["/etc/profile", "/etc/profile.d", "/etc/bash*", "/etc/environment", "/etc/zsh*"],
            suffixes: ["/.bashrc", "/.profile", "/.bash_profile", "/.bash_login", "/.zshrc", "/.kshrc"]),
        Place(
            concern: .boot,
            prefixes: [
                "/boot", "/lib/modules", "/usr/lib/modules", "/etc/modules*", "/etc/modprobe.d",
                "/etc/default/grub", "/etc/grub.d", "/vmlinuz*", "/initrd*", "/initramfs*", "/grub", "/grub2",
                "/efi", "/EFI", "/loader", "/extlinux", "/syslinux", "/ldlinux*", "/config-*", "/System.map*",
                "/etc/fstab",
            ]),
    ]
}
