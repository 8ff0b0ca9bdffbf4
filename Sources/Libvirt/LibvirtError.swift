import CLibvirt

/// A call to libvirt that failed.
package struct LibvirtError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What kind of failure it is.
    package let code: Code
    /// libvirt's own words.
    package let message: String
    /// The C name of the call.
    package let call: String

    /// Describes a failed call.
    package init(code: Code, message: String, call: String) {
        self.code = code
        self.message = message
        self.call = call
    }

    /// The last failure in this thread; to be made right behind the call.
    init(last call: String) {
        self.call = call
        guard let error = unsafe virGetLastError() else {
            code = .unknown
            message = "no reason given"
            return
        }
        code = Code(rawValue: unsafe error.pointee.code)
        message = unsafe error.pointee.message.map { unsafe String(cString: $0) } ?? "no reason given"
    }

    package var description: String {
        // A message of libvirt may quote a log of QEMU; a description is one line.
        let line = message.map { $0.isNewline ? " " : $0 }.prefix(1000)
        return code == .timedOut
            ? "libvirt did not answer: \(call): \(String(line))"
            : "libvirt could not do what was asked: \(call): \(String(line)) (code \(code.rawValue))"
    }
}

extension LibvirtError {
    /// A `virErrorNumber` of libvirt, or one of our own that are negative; can stand in a `catch`.
    package struct Code: RawRepresentable, Hashable, Sendable {
        /// The number in `libvirt/virterror.h`.
        package let rawValue: Int32

        /// Any number, known here or not.
        package init(rawValue: Int32) { self.rawValue = rawValue }

        private init(_ number: virErrorNumber) { rawValue = Int32(bitPattern: number.rawValue) }

        /// The deadline of the call passed; what became of it is unknown.
        package static let timedOut = Code(rawValue: -1)
        /// libvirt failed and did not say why.
        package static let unknown = Code(rawValue: -2)
        /// There is no such domain; any other code says nothing on whether there is one.
        package static let noDomain = Code(VIR_ERR_NO_DOMAIN)
        /// The domain is not in a state for this, for example not running.
        package static let operationInvalid = Code(VIR_ERR_OPERATION_INVALID)
        /// QEMU or the system refused.
        package static let operationFailed = Code(VIR_ERR_OPERATION_FAILED)
        /// A failure inside libvirt, a lost connection for one.
        package static let internalError = Code(VIR_ERR_INTERNAL_ERROR)
        /// A system call failed, connecting for one.
        package static let systemError = Code(VIR_ERR_SYSTEM_ERROR)
        /// The document is not XML.
        package static let xmlDetail = Code(VIR_ERR_XML_DETAIL)
        /// The document does not describe a domain.
        package static let xmlError = Code(VIR_ERR_XML_ERROR)
        /// The document does not fit the schema.
        package static let xmlInvalidSchema = Code(VIR_ERR_XML_INVALID_SCHEMA)
        /// The configuration cannot be had from this hypervisor.
        package static let configUnsupported = Code(VIR_ERR_CONFIG_UNSUPPORTED)
        /// The driver does not know the call.
        package static let noSupport = Code(VIR_ERR_NO_SUPPORT)

        /// Lets a code stand in a `catch`.
        package static func ~= (code: Code, error: any Error) -> Bool {
            (error as? LibvirtError)?.code == code
        }
    }
}
