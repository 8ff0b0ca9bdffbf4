import CLibvirt
import Glibc

/// A connection to libvirt; closed when it goes out of scope.
///
/// Each call on it and on its domains ends within the connection's time limit; one that does not fails as
/// `timedOut`, and the connection with it.
@safe package struct Connection: ~Copyable {
    private let pointer: virConnectPtr
    let deadline: Deadline

    private init(_ pointer: virConnectPtr, _ deadline: Deadline) {
        unsafe self.pointer = unsafe pointer
        self.deadline = deadline
    }

    deinit { deadline.quietly { unsafe virConnectClose(pointer) } }

    /// Connects to a hypervisor, `qemu:///system` for one, with a time limit for this and every later call.
    ///
    /// Errors are reported to us alone: from the first call on libvirt writes nothing to stderr. The
    /// corresponding C function is `virConnectOpen`.
    package static func open(_ uri: String, limit milliseconds: Int = 30_000) throws(LibvirtError)
        -> Connection
    {
        unsafe virSetErrorFunc(nil) { _, _ in }
        let (pointer, deadline) = unsafe try Deadline.opening("virConnectOpen", milliseconds: milliseconds) {
            unsafe virConnectOpen(uri)
        }
        return unsafe Connection(pointer, deadline)
    }

    /// The version of the libvirt at the other end.
    ///
    /// The corresponding C function is `virConnectGetLibVersion`.
    package func libraryVersion() throws(LibvirtError) -> Version {
        var number: UInt = 0
        try deadline.number("virConnectGetLibVersion") { unsafe virConnectGetLibVersion(pointer, &number) }
        return Version(number)
    }

    /// The version of the hypervisor, of QEMU for one.
    ///
    /// The corresponding C function is `virConnectGetVersion`.
    package func hypervisorVersion() throws(LibvirtError) -> Version {
        var number: UInt = 0
        try deadline.number("virConnectGetVersion") { unsafe virConnectGetVersion(pointer, &number) }
        return Version(number)
    }

    /// What confines QEMU beside its account: `apparmor`, `selinux`, or `none`.
    ///
    /// The corresponding C function is `virNodeGetSecurityModel`.
    package func securityModel() throws(LibvirtError) -> String {
        var model = virSecurityModel()
        try deadline.number("virNodeGetSecurityModel") { unsafe virNodeGetSecurityModel(pointer, &model) }
        let name = unsafe withUnsafeBytes(of: model.model) {
            unsafe String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
        }
        return name.isEmpty ? "none" : name
    }

    /// The names of all domains, running or not, that begin with `prefix`, sorted.
    ///
    /// The corresponding C function is `virConnectListAllDomains`.
    package func domains(prefix: String) throws(LibvirtError) -> [String] {
        var list: UnsafeMutablePointer<virDomainPtr?>?
        let count = try deadline.number("virConnectListAllDomains") {
            unsafe virConnectListAllDomains(pointer, &list, 0)
        }
        var names: [String] = []
        for index in 0..<Int(count) {
            guard let domain = unsafe list?[index] else { continue }
            if let name = unsafe virDomainGetName(domain) { unsafe names.append(String(cString: name)) }
            unsafe virDomainFree(domain)
        }
        unsafe free(list)
        return names.filter { $0.hasPrefix(prefix) }.sorted()
    }

    /// The domain with this name; nil only if libvirt knows that there is none.
    ///
    /// The corresponding C function is `virDomainLookupByName`.
    package func lookup(name: String) throws(LibvirtError) -> Domain? {
        unsafe try lookup("virDomainLookupByName") { unsafe virDomainLookupByName(pointer, name) }
    }

    /// The domain with this UUID; nil only if libvirt knows that there is none.
    ///
    /// The corresponding C function is `virDomainLookupByUUIDString`.
    package func lookup(uuid: String) throws(LibvirtError) -> Domain? {
        unsafe try lookup("virDomainLookupByUUIDString") {
            unsafe virDomainLookupByUUIDString(pointer, uuid)
        }
    }

    private func lookup(
        _ call: String, _ body: () -> virDomainPtr?
    ) throws(LibvirtError) -> Domain? {
        do throws(LibvirtError) {
            return unsafe Domain(try deadline.value(call, body), deadline)
        } catch {
            guard error.code == .noDomain else { throw error }
            return nil
        }
    }

    /// Defines a domain; it does not run yet.
    ///
    /// Checking the document against libvirt's schema takes some ten milliseconds.
    ///
    /// The corresponding C function is `virDomainDefineXMLFlags`.
    package func define(_ xml: String, validating: Bool = false) throws(LibvirtError) -> Domain {
        let flags = validating ? VIR_DOMAIN_DEFINE_VALIDATE.rawValue : 0
        return unsafe Domain(
            try deadline.value("virDomainDefineXMLFlags") {
                unsafe virDomainDefineXMLFlags(pointer, xml, flags)
            },
            deadline)
    }
}
