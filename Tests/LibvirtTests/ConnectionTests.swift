import Foundation
import Libvirt
import Testing

/// libvirt's test driver keeps its domains in the process, the same for every connection: each test makes
/// domains of its own.
@Suite("A connection to libvirt")
struct ConnectionTests {
    private func xml(_ name: String, uuid: String) -> String {
        """
        <domain type='test'><name>\(name)</name><uuid>\(uuid)</uuid><memory>8192</memory>
        <os><type>hvm</type></os></domain>
        """
    }

    /// The error of a call, nil if it worked.
    private func failure(_ call: () throws(LibvirtError) -> Void) -> LibvirtError? {
        do throws(LibvirtError) {
            try call()
            return nil
        } catch {
            return error
        }
    }

    /// The UUID of the domain that is found by name.
    private func uuid(name: String, on connection: borrowing Connection) throws(LibvirtError) -> String? {
        guard let domain = try connection.lookup(name: name) else { return nil }
        return try domain.uuid()
    }

    /// The UUID of the domain that is found by UUID.
    private func uuid(uuid: String, on connection: borrowing Connection) throws(LibvirtError) -> String? {
        guard let domain = try connection.lookup(uuid: uuid) else { return nil }
        return try domain.uuid()
    }

    @Test("says which libvirt and which hypervisor stand behind it")
    func versions() throws {
        let connection = try Connection.open("test:///default")
        let (library, hypervisor) = (try connection.libraryVersion(), try connection.hypervisorVersion())
        #expect(library >= Version(9_000_000))
        #expect(hypervisor > Version(0))
        #expect(Version(9_003_012).description == "9.3.12")
    }

    @Test("that cannot be made is an error with libvirt's words and the name of the call")
    func noHypervisor() {
        let error = failure { () throws(LibvirtError) in
            _ = try Connection.open("qemu+unix:///system?socket=/bivouac-test/none")
        }
        #expect(error?.call == "virConnectOpen")
        #expect(error?.code == .systemError)
        #expect(error?.description.contains("/bivouac-test/none") == true)
    }

    @Test("finds domains by name and UUID, and nil means that there is none")
    func lookup() throws {
        let connection = try Connection.open("test:///default")
        let name = "bivouac-test-lookup"
        let id = "00000000-0001-4000-8000-000000000001"
        let before = (try uuid(name: name, on: connection), try uuid(uuid: id, on: connection))
        #expect(before == (nil, nil))
        let domain = try connection.define(xml(name, uuid: id))
        let defined = (try uuid(name: name, on: connection), try uuid(uuid: id, on: connection))
        #expect(defined == (id, id))
        try domain.undefine()
        let after = (try uuid(name: name, on: connection), try uuid(uuid: id, on: connection))
        #expect(after == (nil, nil))
    }

    @Test("cannot say that there is no domain when the question itself failed")
    func lookupFailure() throws {
        let connection = try Connection.open("test:///default")
        var failed = false
        do {
            _ = try uuid(uuid: "no uuid", on: connection)
        } catch {
            failed = true
        }
        #expect(failed)
    }

    @Test("lists the domains with a prefix, those that do not run among them")
    func list() throws {
        let connection = try Connection.open("test:///default")
        let stopped = try connection.define(
            xml("bivouac-test-list.1", uuid: "00000000-0002-4000-8000-000000000001"))
        let running = try connection.define(
            xml("bivouac-test-list.0", uuid: "00000000-0002-4000-8000-000000000002"))
        try running.create()
        let both = try connection.domains(prefix: "bivouac-test-list")
        let one = try connection.domains(prefix: "bivouac-test-list.1")
        try running.destroy()
        try running.undefine()
        try stopped.undefine()
        let none = try connection.domains(prefix: "bivouac-test-list")
        #expect(both == ["bivouac-test-list.0", "bivouac-test-list.1"])
        #expect(one == ["bivouac-test-list.1"])
        #expect(none.isEmpty)
    }

    @Test("refuses a document that is not XML or not in libvirt's schema")
    func schema() throws {
        let odd = xml("bivouac-test-schema", uuid: "00000000-0003-4000-8000-000000000001")
            .replacingOccurrences(of: "<os>", with: "<nonsense/><os>")
        for (document, code) in [("<domain", LibvirtError.Code.xmlDetail), (odd, .xmlInvalidSchema)] {
            let error = failure { () throws(LibvirtError) in
                _ = try Connection.open("test:///default").define(document, validating: true)
            }
            #expect(error?.code == code)
        }
    }

    @Test("starts, pauses, resumes, counts and ends a domain; ending it twice is no error")
    func life() throws {
        let connection = try Connection.open("test:///default")
        let domain = try connection.define(
            xml("bivouac-test-life", uuid: "00000000-0004-4000-8000-000000000001"))
        var states = [try domain.state()]
        try domain.create()
        states.append(try domain.state())
        try domain.suspend()
        states.append(try domain.state())
        try domain.resume()
        states.append(try domain.state())
        let text = try domain.xml()
        _ = try domain.statistics()
        try domain.destroy()
        try domain.destroy()
        states.append(try domain.state())
        try domain.undefine()
        try domain.undefine()
        #expect(states.map(\.kind) == [.shutoff, .running, .paused, .running, .shutoff])
        #expect(states.map(\.isActive) == [false, true, true, true, false])
        #expect(text.contains("<name>bivouac-test-life</name>"))
        var gone = false
        do throws(LibvirtError) {
            _ = try domain.state()
        } catch {
            gone = error.code == .noDomain
        }
        #expect(gone)
    }

    @Test("gives errors whose code can stand in a catch")
    func codes() throws {
        let connection = try Connection.open("test:///default")
        let domain = try connection.define(
            xml("bivouac-test-codes", uuid: "00000000-0005-4000-8000-000000000001"))
        let suspending = failure { () throws(LibvirtError) in try domain.suspend() }
        let associating = failure { () throws(LibvirtError) in try domain.associate([0], group: "base") }
        try domain.undefine()
        #expect(try name(of: #require(suspending)) == "internalError")
        #expect(try name(of: #require(associating)) == "noSupport")
    }

    private func name(of error: any Error) -> String {
        do {
            throw error
        } catch LibvirtError.Code.noDomain {
            return "noDomain"
        } catch LibvirtError.Code.internalError {
            return "internalError"
        } catch LibvirtError.Code.noSupport {
            return "noSupport"
        } catch {
            return "another"
        }
    }
}
