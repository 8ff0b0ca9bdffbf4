internal import CLinux

/// What the kernel answered to a call that failed.
package struct UnixError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The C function.
    package let call: String
    /// `errno`, see errno(3).
    package let code: Int32
    /// The path or thing it was about; empty when there is none.
    package let subject: String

    package init(_ call: String, _ code: Int32, _ subject: String = "") {
        self.call = call
        self.code = code
        self.subject = subject
    }

    /// The error of the call that has just failed.
    static func last(_ call: String, _ subject: String = "") -> UnixError {
        UnixError(call, linux_errno(), subject)
    }

    package static let noEntry = ENOENT
    package static let exists = EEXIST
    package static let notEmpty = ENOTEMPTY
    package static let noSpace = ENOSPC
    package static let quotaExceeded = EDQUOT
    package static let readOnly = EROFS
    package static let timedOut = ETIMEDOUT
    package static let tooLarge = EFBIG
    package static let invalid = EINVAL
    package static let loop = ELOOP
    package static let crossDevice = EXDEV
    package static let tooManyLinks = EMLINK
    package static let inputOutput = EIO

    /// The kernel's words for the code.
    package var reason: String { unsafe String(cString: strerror(code)) }

    package var description: String {
        subject.isEmpty ? "\(call): \(reason)" : "\(subject): \(reason) (\(call))"
    }
}

/// Runs a call again while a signal interrupts it; -1 throws.
@discardableResult
func checked<Result: SignedInteger>(
    _ call: String, _ subject: String = "", _ body: () -> Result
) throws(UnixError) -> Result {
    while true {
        let result = body()
        if result != -1 { return result }
        guard linux_errno() == EINTR else { throw UnixError.last(call, subject) }
    }
}
