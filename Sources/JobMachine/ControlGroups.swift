internal import Unix

/// The control groups of machines, where libvirt makes them itself: `machine/qemu-ID-NAME.libvirt-qemu` in each
/// hierarchy, and more below.
enum ControlGroups {
    private static let root = "/sys/fs/cgroup"

    /// Removes those of a domain that is gone, as a libvirt that was killed leaves them behind.
    ///
    /// A group that has processes stays, and so does what cannot be removed: it costs nothing but its name.
    static func removeEmpty(of domain: String) {
        let hierarchies = ((try? Files.names(in: root)) ?? []).map { "\(root)/\($0)" }
        for parent in ([root] + hierarchies).map({ $0 + "/machine" }) {
            for name in (try? Files.names(in: parent)) ?? [] where isGroup(name, of: domain) {
                remove("\(parent)/\(name)")
            }
        }
    }

    private static func isGroup(_ name: String, of domain: String) -> Bool {
        let (start, end) = ("qemu-", "-\(domain).libvirt-qemu")
        guard name.hasPrefix(start), name.hasSuffix(end), name.utf8.count > start.utf8.count + end.utf8.count
        else { return false }
        return name.dropFirst(start.count).dropLast(end.count).allSatisfy { $0.isASCII && $0.isNumber }
    }

    /// The kernel's own files in a group go with it.
    private static func remove(_ group: String) {
        for name in (try? Files.names(in: group)) ?? [] {
            let below = "\(group)/\(name)"
            if (try? Files.status(below))?.kind == .directory { remove(below) }
        }
        try? Files.removeDirectory(group)
    }
}
