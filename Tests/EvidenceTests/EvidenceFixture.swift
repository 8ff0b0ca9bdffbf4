import Digest
import Foundation
import Job
import TestSupport
import Unix

@testable import Evidence

/// An evidence directory of a test's own, and machines to leave some.
struct EvidenceFixture {
    let scratch: String
    let store: EvidenceStore

    static let now = Timestamp(seconds: 1_800_000_000)
    static let list = Array("MIME-Version: 1.0\r\nsigned list".utf8)
    static var soon: Deadline { Deadline(seconds: 20) }

    static func with(_ body: (EvidenceFixture) throws -> Void) throws {
        try withScratch { scratch in
            try body(
                EvidenceFixture(scratch: scratch, store: EvidenceStore(directory: scratch + "/evidence")))
        }
    }

    static func state(_ name: String = "demo-4711.0", at recorded: Timestamp = now, image: Character = "a")
        throws
        -> StartState
    {
        guard let name = MachineName(name) else { throw Failure() }
        return StartState(
            name: name, recorded: recorded,
            account: Account(
                name: "eve", uid: 1000, gid: 1000, groups: [.init(name: "eve", gid: 1000)], home: "/home/eve",
                shell: "/bin/sh"),
            queue: "vm", project: "",
            resources: Resources(cpus: 2, memory: .mebibytes(512), end: recorded + 3600),
            image: .init(
                name: "demo/minimal", identifier: "0b6e", version: "1",
                sha512: String(repeating: image, count: 128),
                size: 1000, format: "qcow2", virtualSize: 1 << 30, uri: "file:///image", class: 2),
            endorsement: .init(
                list: "demo", identifier: "9c0a", version: "3", sha256: Sha256.hex(list), created: recorded,
                expires: recorded + 86_400, endorser: "eve", dn: "/DC=org/CN=Eve", ca: "/DC=org/CN=CA",
                serial: "1f",
                vo: "demo", seconds: []),
            machine: .init(
                domain: name.domain, uuid: "6a1f5dd5-8d3b-4a06-9f3f-6a2f4d0f3b11", account: "bivouac-vm0",
                uid: 990,
                cpus: [0, 1], memory: .mebibytes(448), virtualization: "qemu", reason: "no vmx",
                tools: String(repeating: "b", count: 128), overlay: String(repeating: "c", count: 64),
                network: "none"),
            node: .init(host: "node1", kernel: "6.1", bivouac: "0.1", libvirt: "9.0.0", hypervisor: "7.2.0"),
            phases: ["received": recorded])
    }

    struct Failure: Error {}

    @discardableResult
    func start(_ name: String = "demo-4711.0", at recorded: Timestamp = now, image: Character = "a") throws
        -> String
    {
        let context = scratch + "/context.iso"
        if !Files.exists(context) {
            try Data(repeating: 7, count: 50_000).write(to: URL(fileURLWithPath: context))
        }
        return try store.recordStart(
            try Self.state(name, at: recorded, image: image),
            files: [("domain.xml", .bytes(Array("<domain/>".utf8))), ("context.iso", .copy(of: context))],
            signedList: Self.list
        ).path
    }

    func end(_ path: String, at ended: Timestamp = now + 60, console: String? = nil, overlay: String? = nil)
        throws
    {
        let usage = EndState.Usage(
            cpuSeconds: 5, memory: .mebibytes(400), readBytes: 1, writtenBytes: 2, receivedBytes: 0,
            sentBytes: 0)
        try store.recordEnd(
            EndState(ended: ended, cause: "epilogue", exit: "exit 7", refusal: nil, usage: usage), at: path,
            console: console, overlay: overlay)
    }

    func prune(
        keep: Int64 = 7 * 86_400, limit: ByteCount = .mebibytes(1000), running: Set<String> = [],
        at now: Timestamp
    )
        throws -> [String]
    {
        let running = Set(running.compactMap { MachineName($0)?.key })
        return try store.prune(keep: keep, limit: limit, now: now, before: Self.soon, busy: { running })
    }
}
