import Foundation
import Testing

extension CrashTests {
    /// The machine that `bivouac doctor` starts, on a real libvirt with real QEMU.
    @Suite("which its doctor looks at", .serialized)
    struct TrialTests {
        private struct Answer: Decodable {
            let name: String
            let verdict: String
            let message: String
        }

        private static let names = ["Machine", "Confinement", "Definition", "Console", "BaseImage"]

        private func ask(_ room: MachineRoom) async throws -> [String: Answer] {
            let run = try await room.run([Built.bivouac, "doctor", "--json"])
            let answers = try JSONDecoder().decode([Answer].self, from: run.output)
            return Dictionary(answers.map { ($0.name, $0) }) { first, _ in first }
        }

        @Test("runs a machine beside a job's, finds each flaw of its confinement by name, and leaves nothing")
        func trial() async throws {
            let room = try await MachineRoom()
            let job = try await room.running(1)
            let good = try await ask(room)
            for name in Self.names + ["Libvirt", "SecurityDriver", "Leftovers", "AgentVolume"] {
                #expect(good[name]?.verdict == "ok", "\(name): \(good[name]?.message ?? "")")
            }
            #expect(try room.phase(job) == "running", "the doctor touched a job")
            #expect(room.node.names("var/lib/bivouac/replays") == [])
            #expect(try room.domains() == ["bivouac-t-1.0"])
            #expect(try await room.epilogue(job).status == 0)

            let path = "libvirt/etc/qemu.conf"
            let settings = try String(contentsOfFile: room.node.path(path), encoding: .utf8)
            for (old, new, name) in [
                ("seccomp_sandbox = 1", "seccomp_sandbox = 0", "Confinement"),
                ("\"logd\"", "\"file\"", "Console"),
            ] {
                try room.node.write(path, settings.replacing(old, with: new))
                try await room.killLibvirtd()
                try await room.start("libvirtd")
                let bad = try await ask(room)
                #expect(bad[name]?.verdict == "failure", "\(name): \(bad[name]?.message ?? "")")
                for other in Self.names where other != name {
                    #expect(bad[other]?.verdict == "ok", "\(other): \(bad[other]?.message ?? "")")
                }
            }
            try await room.killLibvirtd()
            #expect(try await ask(room)["Machine"]?.verdict == "failure")
            #expect(try await ask(room)["Libvirt"]?.message.contains("is libvirtd running") == true)
        }
    }
}
