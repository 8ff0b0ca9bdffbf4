internal import CLinux

/// One system call's worth of bytes between a descriptor and an array, without waiting and without a copy.
package enum Transfer {
    /// What one call has moved.
    package enum Outcome: Hashable, Sendable {
        case bytes(Int)
        /// Nothing can be moved now; poll(2) tells when.
        case wouldBlock
        /// The end of the input, or nobody reads the output any more.
        case end
    }

    /// Reads at most `count` bytes into the array from `start` on.
    ///
    /// The corresponding C function is `read`.
    package static func read(
        from descriptor: Int32, into buffer: inout [UInt8], at start: Int, upTo count: Int
    ) throws(UnixError) -> Outcome {
        precondition(start >= 0 && count >= 0 && start + count <= buffer.count)
        return try outcome("read") {
            unsafe buffer.withUnsafeMutableBytes {
                unsafe CLinux.read(descriptor, $0.baseAddress.map { unsafe $0 + start }, count)
            }
        }
    }

    /// Writes at most `count` bytes of the array from `start` on.
    ///
    /// The corresponding C function is `write`.
    package static func write(
        _ buffer: [UInt8], from start: Int, count: Int, to descriptor: Int32
    ) throws(UnixError) -> Outcome {
        precondition(start >= 0 && count >= 0 && start + count <= buffer.count)
        return try outcome("write") {
            unsafe buffer.withUnsafeBytes {
                unsafe CLinux.write(descriptor, $0.baseAddress.map { unsafe $0 + start }, count)
            }
        }
    }

    /// Like `write`, for a socket that others hold as well: its mode stays as it is.
    ///
    /// The corresponding C function is `send`.
    package static func send(
        _ buffer: [UInt8], from start: Int, count: Int, to descriptor: Int32
    ) throws(UnixError) -> Outcome {
        precondition(start >= 0 && count >= 0 && start + count <= buffer.count)
        return try outcome("send") {
            unsafe buffer.withUnsafeBytes {
                unsafe linux_send_nowait(descriptor, $0.baseAddress.map { unsafe $0 + start }, count)
            }
        }
    }

    /// Moves `count` bytes of the array to another place in it, within its storage.
    ///
    /// The corresponding C function is `memmove`.
    package static func move(within buffer: inout [UInt8], from source: Int, to target: Int, count: Int) {
        precondition(min(source, target, count) >= 0 && max(source, target) + count <= buffer.count)
        unsafe buffer.withUnsafeMutableBytes {
            guard let base = $0.baseAddress else { return }
            unsafe memmove(base + target, base + source, count)
        }
    }

    /// Bytes that wait to be read; nil where the kernel cannot say.
    ///
    /// The corresponding C function is `ioctl` with `FIONREAD`.
    package static func waiting(in descriptor: Int32) -> Int? {
        let count = linux_fionread(descriptor)
        return count < 0 ? nil : Int(count)
    }

    private static func outcome(_ call: String, _ body: () -> Int) throws(UnixError) -> Outcome {
        do throws(UnixError) {
            let count = try checked(call, "", body)
            return count == 0 ? .end : .bytes(count)
        } catch {
            switch error.code {
            case EAGAIN: return .wouldBlock
            case EPIPE, ECONNRESET: return .end
            default: throw error
            }
        }
    }
}

extension FileDescriptor {
    /// Asks for room for that many bytes in a pipe, so that its ends wake each other less often; what the
    /// kernel does not grant is no error.
    ///
    /// The corresponding C function is `fcntl` with `F_SETPIPE_SZ`.
    package func widenPipe(to count: Int32) { _ = linux_fcntl(rawValue, linux_f_setpipe_sz, count) }

    /// No call on this open file waits from now on; for files that nobody else holds.
    ///
    /// The corresponding C function is `fcntl`.
    package func setNonBlocking() throws(UnixError) {
        let descriptor = rawValue
        let flags = try checked("fcntl") { linux_fcntl(descriptor, F_GETFL, 0) }
        try checked("fcntl") { linux_fcntl(descriptor, F_SETFL, flags | O_NONBLOCK) }
    }
}
