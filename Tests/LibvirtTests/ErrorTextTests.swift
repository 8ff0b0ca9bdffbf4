import Testing

@testable import Libvirt

@Suite("What is told of libvirt's failures")
struct LibvirtErrorTests {
    @Test("one line with the call, libvirt's words and the code, and a deadline told apart")
    func libvirt() {
        let failed = LibvirtError(code: .operationFailed, message: "a\nb", call: "virDomainCreate")
        #expect(failed.description == "libvirt could not do what was asked: virDomainCreate: a b (code 9)")
        let late = LibvirtError(code: .timedOut, message: "waited 9 ms", call: "virConnectOpen")
        #expect(late.description == "libvirt did not answer: virConnectOpen: waited 9 ms")
    }

    @Test("a value that cannot be described is named with its place and rule")
    func description() {
        #expect(
            DescriptionError.controlCharacter(place: "title", value: 0x1B).description
                == "the machine cannot be described: title: it holds the control character U+1B")
        #expect(
            DescriptionError.outOfBounds(what: "memory", value: "0", rule: "at least 1 MiB").description
                == "the machine cannot be described: memory is 0: it must be at least 1 MiB")
    }
}
