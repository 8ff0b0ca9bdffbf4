/// What starting an image changes by itself, whatever the job does.
enum Noise {
    /// Paths and all below them.
    private static let paths = [
        "/var/log", "/var/lib/systemd", "/var/lib/dbus", "/var/lib/dhcp", "/var/lib/dhclient",
        "/var/lib/NetworkManager", "/var/lib/cloud", "/var/lib/chrony", "/var/lib/rsyslog",
        "/var/lib/logrotate",
        "/var/lib/private/systemd", "/var/lib/random-seed", "/var/lib/urandom", "/var/lib/plymouth",
        "/var/lib/selinux/targeted/active/modules", "/var/cache", "/var/run", "/var/lock", "/run",
        "/etc/machine-id", "/etc/mtab", "/etc/resolv.conf", "/etc/adjtime", "/etc/blkid.tab",
        "/lost+found", "/etc/machinefeatures", "/etc/jobfeatures",
    ]

    /// Whether the change is of that kind: at such a place, and nothing but plain files and directories.
    static func explains(_ change: Change) -> Bool {
        if change.aspects == [.time] { return true }
        let place = GuestPath(change.path)
        let inside = place.inSubvolume
        guard paths.contains(where: { place.isBelow($0) || inside.isBelow($0) }) else { return false }
        return [change.before, change.after].allSatisfy { facts in
            facts.map { ["file", "directory", "link"].contains($0.type) } ?? true
        } && Set(change.aspects).isSubset(of: [.content, .time, .target])
    }
}
