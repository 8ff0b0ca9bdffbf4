import Foundation
import Testing

extension CrashTests {
    /// The hook of OpenPBS with real machines behind it.
    @Suite("whose batch system is OpenPBS", .serialized)
    struct OpenPBSMachineTests {
        private func mom(_ room: MachineRoom) throws -> Mom {
            try room.node.mom(prefix: ["/usr/bin/nsenter", "--target", room.namespace, "--mount", "--"])
        }

        private func decide(_ event: Mom.Event) async throws -> Mom.Decision {
            try event.decision(try await event.launch.end())
        }

        @Test("starts a job's machine, tells it of a qdel, ends it, and starts it anew in a rerun")
        func life() async throws {
            let room = try await MachineRoom()
            let mom = try mom(room)
            let job = room.job(4711)
            let first = Mom.job("4711", ["run_version": "1"])
            let prologue = try await decide(mom.start("execjob_prologue", first))
            #expect(prologue.accept, "\(prologue.exception ?? prologue.message ?? "")")
            #expect(try room.phase(job) == "running")
            #expect(try room.node.record(job)?["attempt"] as? Int == 1)
            #expect(
                try await decide(mom.start("execjob_preterm", Mom.job("4711", ["job_kill_delay": "30"])))
                    .accept)
            // The rerun comes before the end of the first run was told.
            let second = Mom.job("4711", ["run_version": "2"])
            #expect(try await decide(mom.start("execjob_prologue", second)).accept)
            #expect(try room.node.record(job)?["attempt"] as? Int == 2)
            #expect(try await decide(mom.start("execjob_end", first)).accept)
            #expect(try room.phase(job) == "running")
            #expect(try room.domains() == ["bivouac-t-4711.2"])
            let end = second.merging(["Exit_status": "271"]) { $1 }
            for event in ["execjob_epilogue", "execjob_end"] {
                let decision = try await decide(mom.start(event, end))
                #expect(decision.accept && decision.offline == [])
            }
            #expect(try room.leftovers(of: job) == [])
        }

        @Test(
            "whose hook is killed by its alarm is left to tick, which ends the machine when MOM has forgotten the job"
        )
        func alarm() async throws {
            let room = try await MachineRoom()
            let mom = try mom(room)
            let job = room.job(4712)
            let event = try mom.start("execjob_prologue", Mom.job("4712"))
            try await Harness.soon("the start of QEMU") { try !room.processes(of: job).isEmpty }
            // MOM kills the hook's whole session.
            event.launch.killGroup()
            _ = try await event.launch.end()
            let kept = try mom.start(periodic: [Mom.job("4712")])
            #expect(try await decide(kept).accept)
            #expect(try !room.leftovers(of: job).isEmpty)
            #expect(try await decide(mom.start(periodic: [])).accept)
            #expect(try room.leftovers(of: job) == [])
        }
    }
}
