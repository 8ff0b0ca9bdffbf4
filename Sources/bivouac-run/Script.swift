internal import GuestProtocol
internal import Unix

/// A script whose first line calls the launcher; the payload's script is what stands below that line.
struct Script {
    private static let longestLine = 4096

    /// Absolute.
    let path: BytePath
    let mode: UInt16
    /// Length of the first line with its line feed, in bytes.
    let offset: Int
    /// Bytes below the first line.
    let length: Int

    /// Nil when the file is no script or its first line is not the one that made the kernel call us so.
    init?(_ name: [UInt8], calledBy launcher: [UInt8], with option: [UInt8]) throws(Failure) {
        guard name.contains(UInt8(ascii: "/")), let given = BytePath(name) else { return nil }
        guard let file = try? given.open([.read, .nonBlocking]), let status = try? file.status(),
            status.kind == .regular, let start = try? file.read(upTo: Self.longestLine)
        else { return nil }
        let line = start.prefix { $0 != 0x0A }
        guard Self.words(of: line) == [launcher] + option.split(separator: 0x20).map({ Array($0) }) else {
            return nil
        }
        offset = min(line.count + 1, Int(status.size))
        length = Int(status.size) - offset
        mode = UInt16(status.mode & 0o777)
        path = try Self.absolute(given)
        try checkLength()
    }

    /// The words behind `#!`; none for another line.
    private static func words(of line: ArraySlice<UInt8>) -> [[UInt8]] {
        guard line.starts(with: "#!".utf8) else { return [] }
        return line.dropFirst(2).split { $0 == 0x20 || $0 == 0x09 }.map { Array($0) }
    }

    /// A script that is the payload's as a whole.
    init(whole path: BytePath) throws(Failure) {
        guard let status = try? path.open([.read, .nonBlocking]).status(), status.kind == .regular else {
            throw Failure(.configuration, "the job's script cannot be read: \(path.text)")
        }
        self.path = path
        mode = UInt16(status.mode & 0o777)
        offset = 0
        length = Int(status.size)
        try checkLength()
    }

    private func checkLength() throws(Failure) {
        guard length <= Begin.longestScript else {
            throw Failure(.configuration, "the script has \(length) bytes, more than a machine takes")
        }
    }

    private static func absolute(_ path: BytePath) throws(Failure) -> BytePath {
        if path.isAbsolute { return path }
        guard let current = try? BytePath.current(),
            let absolute = BytePath(current.bytes + [UInt8(ascii: "/")] + path.bytes)
        else { throw Failure(.configuration, "the working directory cannot be found") }
        return absolute
    }
}
