/// Where something lies in a file system, compared byte by byte: whatever comes behind a slash, it begins a name.
struct GuestPath {
    private let bytes: ArraySlice<UInt8>

    /// A path as it is printed.
    init(_ path: String) { bytes = Array(path.utf8)[...] }

    private init(_ bytes: ArraySlice<UInt8>) { self.bytes = bytes }

    private static let slash = UInt8(ascii: "/")

    /// As it is called from all that may be a guest's root: the file system's own, a subvolume (`@`, `root`) and a
    /// snapshot in it (`.snapshots/1/snapshot`).
    var fromRoots: [GuestPath] {
        let slashes = bytes.indices.filter { bytes[$0] == Self.slash }
        // `/var/lib` is no `/lib`.
        var starts = Array(slashes.prefix(isBelow("/var") ? 1 : 2))
        for index in slashes.indices.dropLast(3)
        where GuestPath(bytes[slashes[index]...]).isBelow("/.snapshots")
            && GuestPath(bytes[slashes[index + 2]...]).isBelow("/snapshot")
        {
            starts.append(slashes[index + 3])
        }
        return starts.map { GuestPath(bytes[$0...]) }
    }

    /// Without the name of a subvolume in front, as distributions call it: `@`, `@rootfs`.
    var inSubvolume: GuestPath {
        bytes.starts(with: "/@".utf8) ? GuestPath(bytes.dropFirst().drop { $0 != Self.slash }) : self
    }

    /// Whether it is that path, or below it; a star at its end stands for any rest of a name.
    func isBelow(_ path: String) -> Bool {
        let isOpen = path.utf8.last == UInt8(ascii: "*")
        let start = isOpen ? path.utf8.dropLast() : path.utf8[...]
        guard bytes.starts(with: start) else { return false }
        let rest = bytes.dropFirst(start.count)
        return isOpen || rest.isEmpty || rest.first == Self.slash
    }

    func ends(with end: String) -> Bool { bytes.suffix(end.utf8.count).elementsEqual(end.utf8) }

    func contains(_ part: String) -> Bool {
        let part = Array(part.utf8)
        return bytes.indices.contains { bytes[$0] == part[0] && bytes[$0...].starts(with: part) }
    }
}
