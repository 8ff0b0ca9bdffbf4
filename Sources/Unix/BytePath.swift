internal import CLinux

/// A path as the kernel sees it: bytes without a zero, in no particular encoding.
///
/// What a user named comes this way; paths of ours are strings.
package struct BytePath: Hashable, Sendable {
    package let bytes: [UInt8]

    /// Nil when the bytes are empty or contain a zero.
    package init?(_ bytes: [UInt8]) {
        guard !bytes.isEmpty, !bytes.contains(0) else { return nil }
        self.bytes = bytes
    }

    package var isAbsolute: Bool { bytes.first == UInt8(ascii: "/") }

    /// The path less its last name; nil for the root and for a plain name.
    package var parent: BytePath? {
        let end = bytes.lastIndex { $0 != UInt8(ascii: "/") } ?? 0
        guard let slash = bytes[...end].lastIndex(of: UInt8(ascii: "/")), end > 0 else { return nil }
        return BytePath(slash == 0 ? [UInt8(ascii: "/")] : Array(bytes[..<slash]))
    }

    /// For messages: what is not UTF-8 is replaced, control characters too.
    package var text: String {
        String(
            String.UnicodeScalarView(
                String(decoding: bytes, as: UTF8.self).unicodeScalars.map {
                    $0.value < 0x20 || $0.value == 0x7F ? "?" : $0
                }))
    }

    func withCString<Result>(_ body: (UnsafePointer<CChar>) -> Result) -> Result {
        unsafe (bytes + [0]).withUnsafeBytes { buffer in
            guard let base = buffer.baseAddress else {
                preconditionFailure("a terminated array is not empty")
            }
            return unsafe body(base.assumingMemoryBound(to: CChar.self))
        }
    }
}

extension BytePath {
    /// Opens the path; close-on-exec is always set.
    ///
    /// The corresponding C function is `open`.
    package func open(_ flags: FileDescriptor.Flags, mode: UInt32 = 0o600) throws(UnixError) -> FileDescriptor
    {
        FileDescriptor(
            owning: try checked("open", text) {
                unsafe withCString { unsafe linux_open($0, flags.rawValue | O_CLOEXEC, mode) }
            })
    }

    /// What is there after following links; nil for nothing.
    ///
    /// The corresponding C function is `stat`.
    package func status() throws(UnixError) -> FileStatus? {
        var status = CLinux.stat()
        do throws(UnixError) {
            try checked("stat", text) { unsafe withCString { unsafe stat($0, &status) } }
        } catch {
            guard error.code == ENOENT || error.code == ENOTDIR else { throw error }
            return nil
        }
        return FileStatus(status)
    }

    /// Makes one directory; true when it was missing.
    ///
    /// The corresponding C function is `mkdir`.
    @discardableResult
    package func makeDirectory(mode: UInt32) throws(UnixError) -> Bool {
        do throws(UnixError) {
            try checked("mkdir", text) { unsafe withCString { unsafe mkdir($0, mode) } }
            return true
        } catch {
            guard error.code == EEXIST else { throw error }
            return false
        }
    }

    /// Makes the missing directories above this path and the directory itself; true when it was missing.
    @discardableResult
    package func makeDirectories(mode: UInt32, above: UInt32) throws(UnixError) -> Bool {
        if try status() != nil { return false }
        if let parent { try parent.makeDirectories(mode: above, above: above) }
        return try makeDirectory(mode: mode)
    }

    /// The corresponding C function is `lchown`.
    package func changeOwner(uid: UInt32, gid: UInt32) throws(UnixError) {
        try checked("lchown", text) { unsafe withCString { unsafe lchown($0, uid, gid) } }
    }

    /// Makes it this process's working directory.
    ///
    /// The corresponding C function is `chdir`.
    package func enter() throws(UnixError) {
        try checked("chdir", text) { unsafe withCString { unsafe chdir($0) } }
    }

    /// This process's working directory.
    ///
    /// The corresponding C function is `getcwd`.
    package static func current() throws(UnixError) -> BytePath {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let count = buffer.count
        let found = unsafe buffer.withUnsafeMutableBytes {
            unsafe getcwd($0.baseAddress?.assumingMemoryBound(to: CChar.self), count) != nil
        }
        guard found, let path = BytePath(Array(buffer.prefix { $0 != 0 })) else {
            throw UnixError.last("getcwd")
        }
        return path
    }
}
