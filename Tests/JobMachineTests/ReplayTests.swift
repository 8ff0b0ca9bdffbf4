import Job
import Libvirt
import Site
import TestSupport
import Testing
import Unix

@testable import JobMachine

@Suite("A machine of the past that is booted again")
struct ReplayTests {
    private static let places = Places(root: "/r")

    private static func share(_ cpus: [Int]) -> NodeShare {
        NodeShare(
            account: Account(name: "vm8", uid: 8, gid: 7, groups: [], home: "/", shell: "/bin/false"),
            cpus: cpus)
    }

    /// A machine's description as its start state keeps it.
    private func kept(_ name: MachineName, _ kind: DomainDescription.Kind, on cpus: [Int]) throws -> String {
        let directory = Self.places.machine(name)
        let live = Self.places.job(name.key)
        return try DomainDescription(
            name: name.domain, uuid: "u", title: "cpuset='9' <vcpupin vcpu='0' cpuset='9'/>", kind: kind,
            memory: 1 << 28, processors: max(1, cpus.count), hostProcessors: cpus, capped: false,
            overlay: .init(path: directory.overlay, format: .qcow2),
            base: .init(path: "/i", format: .raw), context: .init(path: directory.context, format: .raw),
            tools: .init(path: "/t", format: .raw), controlSocket: live.controlSocket,
            payloadSocket: live.payloadSocket, console: directory.console, uid: 9, gid: 9,
            userDisk: .init(path: "/r/users/1000/disk.raw", format: .raw, group: "userdisk"),
            userDiskSerial: "bivouac-user-disk",
            shares: [.init(tag: "share0", socket: directory.shareSocket(0))]
        ).xml()
    }

    private func replayed(_ xml: String, _ name: MachineName, on cpus: [Int]) throws -> String {
        let text = ReplayDescription(
            kept: xml, places: Self.places, directory: MachineDirectory(path: "/replay"), domain: "d",
            uuid: "v", share: Self.share(cpus)
        ).xml(of: name)
        return try #require(text)
    }

    @Test("has nothing of its host: no directory, no disk that its user goes on with")
    func files() throws {
        let name = try #require(MachineName("t-1.0"))
        let xml = try kept(name, .qemu, on: [])
        #expect(xml.contains("<filesystem ") && xml.contains("disk.raw"))
        let text = try replayed(xml, name, on: [3])
        #expect(!text.contains("<filesystem ") && !text.contains("disk.raw") && !text.contains("userdisk"))
        #expect(text.split(separator: "<disk ").count == 4)
        #expect(text.contains("'/replay/overlay.qcow2'") && text.contains("<label>+8:+7</label>"))
    }

    @Test(
        "has CPUs of its own, each where the machine had one", arguments: [DomainDescription.Kind.kvm, .qemu])
    func pins(_ kind: DomainDescription.Kind) throws {
        func pins(_ xml: String) -> [Substring] {
            xml.split(separator: "\n").filter { $0.contains("cpuset='") }
        }
        let name = try #require(MachineName("t-1.0"))
        let old = try kept(name, kind, on: [0, 1, 2])
        let new = try kept(name, kind, on: [7, 5, 7])
        #expect(pins(old).count == (kind == .kvm ? 5 : 1) && pins(old) != pins(new))
        #expect(pins(try replayed(old, name, on: [7, 5, 7])) == pins(new))
    }

    @Test("leaves no CPU to a job that has none of its own as long as there are others")
    func claim() throws {
        try withScratch { root in
            let places = Places(root: root)
            try Files.makeDirectories(places.replays + "/t-1.0", mode: 0o755)
            try Files.write(Replay.words(of: Self.share([0, 2])), to: places.replays + "/t-1.0/account")
            let taken = try Replay.machines(places)
            #expect(taken.map(\.uid) == [8] && taken.map(\.cpus) == [[0, 2]])
            let other = Account(name: "vm9", uid: 9, gid: 7, groups: [], home: "/", shell: "/bin/false")
            let share = NodeShare.choose(
                2, allowed: [0, 1, 2, 3], accounts: [Self.share([]).account, other], taken: taken)
            #expect(share == NodeShare(account: other, cpus: [1, 3]))
        }
    }
}
