internal import CLinux

extension UnixError {
    package static let busy = EBUSY
    package static let wouldBlock = EAGAIN
    package static let refused = ECONNREFUSED
    package static let notPermitted = EPERM
    package static let noFormat = ENOEXEC
    package static let noDevice = ENODEV
    package static let isDirectory = EISDIR
}
