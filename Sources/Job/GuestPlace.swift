/// Which paths of a machine are the image's own: nothing is made or mounted where a program of its root might look
/// for its own.
package enum GuestPlace {
    private static let reserved: [StaticString] = [
        "bin", "boot", "dev", "etc", "lib", "lib32", "lib64", "libx32", "proc", "root", "run", "sbin", "sys",
        "usr", "var/cron", "var/run", "var/spool/at", "var/spool/cron",
    ]

    /// Whether something of a job's may lie there: an absolute path without `.` and `..`, below the root, not in a
    /// place that belongs to the image.
    package static func allows(_ path: [UInt8]) -> Bool {
        guard path.first == UInt8(ascii: "/") else { return false }
        let names = path.dropFirst().split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: true)
        guard !names.isEmpty,
            !names.contains(where: { $0.elementsEqual(".".utf8) || $0.elementsEqual("..".utf8) })
        else { return false }
        let text = Array(names.joined(separator: [UInt8(ascii: "/")]))
        return !reserved.contains { place in
            let name = Array("\(place)".utf8)
            return text == name || text.starts(with: name + [UInt8(ascii: "/")])
        }
    }

    /// Like `allows`, for a path that is told to a machine as text: one line of at most 1024 bytes.
    package static func allows(text: String) -> Bool {
        text.utf8.count <= 1024 && text.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F }
            && allows(Array(text.utf8))
    }
}
