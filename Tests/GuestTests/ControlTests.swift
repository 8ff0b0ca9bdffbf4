import Foundation
import Guest
import GuestProtocol
import TestSupport
import Testing
import Unix

@Suite("An agent's control port")
struct ControlTests {
    /// The next frame of a kind that comes while the agent works.
    private func answer(_ kind: FrameKind, to question: FrameKind) throws -> [UInt8] {
        try withScratch { scratch in
            var control: [Int32] = [0, 0]
            var payload: [Int32] = [0, 0]
            let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
            #expect(unsafe socketpair(AF_UNIX, type, 0, &control) == 0)
            #expect(unsafe socketpair(AF_UNIX, type, 0, &payload) == 0)
            defer { for descriptor in [control[1], payload[1]] { close(descriptor) } }
            let identity = Identity(uid: 23_456, gid: 23_457, groups: [])
            var agent = try Agent(
                control: FileDescriptor(owning: control[0]), payload: FileDescriptor(owning: payload[0]),
                console: Console(path: "/dev/null"),
                surroundings: Agent.Surroundings(
                    identity: identity, variables: [], features: nil, program: "", directory: scratch,
                    ready: Ready(agent: "test", kernel: "test", uptime: 1)))
            var writer = FrameWriter()
            writer.append(question)
            _ = try writer.flush(to: control[1])
            var reader = FrameReader(accepting: .fromControl)
            for _ in 0..<100 {
                agent.step(atMost: 20)
                _ = try reader.fill(from: control[1])
                while let frame = try reader.next() {
                    if frame.kind == kind { return Array(reader.bytes[frame.body]) }
                }
            }
            Issue.record("no \(kind) came")
            return []
        }
    }

    @Test("answers a question for what runs with processes, the kernel's own left out")
    func top() throws {
        let body = try answer(.processes, to: .top)
        let list = try ProcessList(body, body.indices)
        let own = try #require(list.rows.first { $0.process == getpid() })
        #expect(own.uid == getuid() && own.parent == getppid() && own.memory > 1000)
        #expect(list.rows.allSatisfy { $0.parent != 2 })
    }

    @Test("answers a hello with ready")
    func hello() throws {
        let body = try answer(.ready, to: .hello)
        #expect(try Ready(body, body.indices).agent == "test")
    }
}
