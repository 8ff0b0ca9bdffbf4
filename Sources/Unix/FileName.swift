internal import CLinux

/// One name in a directory, as the kernel sees it: bytes in no particular encoding, never a path.
package struct FileName: Hashable, Sendable {
    /// Longest name in bytes (`NAME_MAX`).
    package static let longest = 255

    /// With the zero that ends it for C.
    private let storage: [UInt8]

    /// Nil for no name, one that is too long, `.`, `..`, and what contains a slash or a zero.
    package init?(_ bytes: ArraySlice<UInt8>) {
        let dots = bytes.count <= 2 && bytes.allSatisfy { $0 == UInt8(ascii: ".") }
        guard (1...Self.longest).contains(bytes.count), !dots,
            bytes.allSatisfy({ $0 != 0 && $0 != UInt8(ascii: "/") })
        else { return nil }
        var storage: [UInt8] = []
        storage.reserveCapacity(bytes.count + 1)
        storage.append(contentsOf: bytes)
        storage.append(0)
        self.storage = storage
    }

    /// As from a slice.
    package init?(_ bytes: [UInt8]) { self.init(bytes[...]) }

    package var bytes: ArraySlice<UInt8> { storage.dropLast() }

    package var isHidden: Bool { storage.first == UInt8(ascii: ".") }

    /// For messages.
    package var text: String { BytePath(Array(bytes))?.text ?? "" }

    func withCString<Result>(_ body: (UnsafePointer<CChar>) -> Result) -> Result {
        unsafe storage.withUnsafeBytes { buffer in
            guard let base = buffer.baseAddress else {
                preconditionFailure("a terminated array is not empty")
            }
            return unsafe body(base.assumingMemoryBound(to: CChar.self))
        }
    }
}

extension BytePath {
    /// The names of the path; nil when one of them is `.` or `..`, or is too long.
    package var names: [FileName]? {
        var names: [FileName] = []
        for part in bytes.split(separator: UInt8(ascii: "/")) {
            guard let name = FileName(part) else { return nil }
            names.append(name)
        }
        return names
    }
}
