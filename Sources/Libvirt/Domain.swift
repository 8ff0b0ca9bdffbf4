import CLibvirt
import Glibc

/// A reference to a domain; the domain itself lives on when it goes out of scope.
@safe package struct Domain: ~Copyable {
    private let pointer: virDomainPtr
    private let deadline: Deadline

    init(_ pointer: virDomainPtr, _ deadline: Deadline) {
        unsafe self.pointer = unsafe pointer
        self.deadline = deadline
    }

    deinit { unsafe virDomainFree(pointer) }

    /// Hands over open descriptors under a name by which a disk's `fdgroup` asks for them.
    ///
    /// They hold until the connection is closed; once started, QEMU has copies of its own. Descriptors of a
    /// writable disk are `writable`. The corresponding C function is `virDomainFDAssociate`.
    package func associate(_ descriptors: [Int32], group: String, writable: Bool = false) throws(LibvirtError)
    {
        let flags = writable ? VIR_DOMAIN_FD_ASSOCIATE_SECLABEL_WRITABLE.rawValue : 0
        var descriptors = descriptors
        try deadline.number("virDomainFDAssociate") {
            unsafe virDomainFDAssociate(
                pointer, group, UInt32(descriptors.count), &descriptors, flags)
        }
    }

    /// Starts the domain.
    ///
    /// The corresponding C function is `virDomainCreateWithFlags`.
    package func create(paused: Bool = false) throws(LibvirtError) {
        let flags = paused ? VIR_DOMAIN_START_PAUSED.rawValue : 0
        try deadline.number("virDomainCreateWithFlags") { unsafe virDomainCreateWithFlags(pointer, flags) }
    }

    /// Takes the definition away: a running domain is transient from then on, one that does not run is gone.
    ///
    /// A domain that has no definition is left as it is. The corresponding C function is `virDomainUndefine`.
    package func undefine() throws(LibvirtError) {
        try unless([.noDomain, .operationInvalid], "virDomainUndefine") { unsafe virDomainUndefine(pointer) }
    }

    /// Ends the domain at once; one that does not run is left as it is.
    ///
    /// The corresponding C function is `virDomainDestroy`.
    package func destroy() throws(LibvirtError) {
        try unless([.noDomain, .operationInvalid], "virDomainDestroy") { unsafe virDomainDestroy(pointer) }
    }

    /// Presses the machine's power button.
    ///
    /// The corresponding C function is `virDomainShutdownFlags`.
    package func shutdown() throws(LibvirtError) {
        let flags = VIR_DOMAIN_SHUTDOWN_ACPI_POWER_BTN.rawValue
        try deadline.number("virDomainShutdownFlags") { unsafe virDomainShutdownFlags(pointer, flags) }
    }

    /// Stops the machine's processors.
    ///
    /// The corresponding C function is `virDomainSuspend`.
    package func suspend() throws(LibvirtError) {
        try deadline.number("virDomainSuspend") { unsafe virDomainSuspend(pointer) }
    }

    /// Lets the machine's processors run again.
    ///
    /// The corresponding C function is `virDomainResume`.
    package func resume() throws(LibvirtError) {
        try deadline.number("virDomainResume") { unsafe virDomainResume(pointer) }
    }

    /// Writes the guest's memory as an ELF file, which libvirt makes; a machine that is paused stays so.
    ///
    /// The corresponding C function is `virDomainCoreDumpWithFormat`.
    package func dumpMemory(to path: String) throws(LibvirtError) {
        let format = UInt32(VIR_DOMAIN_CORE_DUMP_FORMAT_RAW.rawValue)
        let flags = UInt32(VIR_DUMP_MEMORY_ONLY.rawValue)
        try deadline.number("virDomainCoreDumpWithFormat") {
            unsafe virDomainCoreDumpWithFormat(pointer, path, format, flags)
        }
    }

    /// Plugs in or pulls out the cable of each of the running machine's network interfaces.
    ///
    /// The corresponding C function is `virDomainUpdateDeviceFlags`.
    package func setLinks(up: Bool) throws(LibvirtError) {
        for interface in InterfaceLink.interfaces(in: try xml()) {
            let changed = InterfaceLink.set(interface, up: up)
            try deadline.number("virDomainUpdateDeviceFlags") {
                unsafe virDomainUpdateDeviceFlags(pointer, changed, VIR_DOMAIN_AFFECT_LIVE.rawValue)
            }
        }
    }

    /// What the domain does now, and why.
    ///
    /// The corresponding C function is `virDomainGetState`.
    package func state() throws(LibvirtError) -> DomainState {
        var state: Int32 = 0
        var reason: Int32 = 0
        try deadline.number("virDomainGetState") { unsafe virDomainGetState(pointer, &state, &reason, 0) }
        return DomainState(kind: DomainState.Kind(rawValue: state), reason: reason)
    }

    /// The description as libvirt completed it, of the running domain if it runs.
    ///
    /// The corresponding C function is `virDomainGetXMLDesc`.
    package func xml() throws(LibvirtError) -> String {
        let text = unsafe try deadline.value("virDomainGetXMLDesc") { unsafe virDomainGetXMLDesc(pointer, 0) }
        defer { unsafe free(text) }
        return unsafe String(cString: text)
    }

    /// The UUID in its 36-character form.
    ///
    /// The corresponding C function is `virDomainGetUUIDString`.
    package func uuid() throws(LibvirtError) -> String {
        var text = [CChar](repeating: 0, count: Int(VIR_UUID_STRING_BUFLEN))
        try deadline.number("virDomainGetUUIDString") { unsafe virDomainGetUUIDString(pointer, &text) }
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// What the machine has used so far; QEMU has to answer for it, within the limit.
    ///
    /// The corresponding C function is `virDomainListGetStats`.
    package func statistics(limit milliseconds: Int = .max) throws(LibvirtError) -> DomainStatistics {
        let kinds =
            VIR_DOMAIN_STATS_CPU_TOTAL.rawValue | VIR_DOMAIN_STATS_BALLOON.rawValue
            | VIR_DOMAIN_STATS_BLOCK.rawValue | VIR_DOMAIN_STATS_INTERFACE.rawValue
        var domains: [virDomainPtr?] = unsafe [pointer, nil]
        var records: UnsafeMutablePointer<virDomainStatsRecordPtr?>?
        try deadline.shorter(milliseconds).number("virDomainListGetStats") {
            unsafe virDomainListGetStats(&domains, kinds, &records, 0)
        }
        defer { unsafe virDomainStatsRecordListFree(records) }
        var values: [String: DomainStatistics.Value] = [:]
        guard let record = unsafe records?[0]?.pointee else { return DomainStatistics(values) }
        for index in 0..<Int(unsafe record.nparams) {
            unsafe Self.read(record.params[index], into: &values)
        }
        return DomainStatistics(values)
    }

    private static func read(
        _ parameter: virTypedParameter, into values: inout [String: DomainStatistics.Value]
    ) {
        let name = unsafe withUnsafeBytes(of: parameter.field) {
            unsafe String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
        }
        switch unsafe parameter.type {
        case Int32(VIR_TYPED_PARAM_ULLONG.rawValue): unsafe values[name] = .number(parameter.value.ul)
        case Int32(VIR_TYPED_PARAM_UINT.rawValue): unsafe values[name] = .number(UInt64(parameter.value.ui))
        case Int32(VIR_TYPED_PARAM_STRING.rawValue):
            if let text = unsafe parameter.value.s { unsafe values[name] = .text(String(cString: text)) }
        default: break
        }
    }

    private func unless(
        _ codes: [LibvirtError.Code], _ call: String, _ body: () -> Int32
    ) throws(LibvirtError) {
        do throws(LibvirtError) {
            try deadline.number(call, body)
        } catch {
            guard codes.contains(error.code) else { throw error }
        }
    }
}
