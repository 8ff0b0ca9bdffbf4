import Evidence
import Foundation
import Glibc
import Testing

extension CrashTests {
    /// SIGKILL at a moment of a program's life; whoever comes next leaves nothing but evidence.
    @Suite("killed at any moment", .serialized)
    struct KillTests {
        @Test("a prologue killed before and after every durable step leaves nothing that stays")
        func prologueSteps() async throws {
            let room = try await MachineRoom()
            let trace = try await Self.prologueTrace(room)
            var sweep = Sweep("prologue, durable steps", in: room, firstJob: 1000)
            for (index, call) in trace.momentsAtSteps.enumerated() {
                try await Self.killPrologue(at: call, index, &sweep)
            }
            try await sweep.finish()
        }

        @Test("a refusal is told by the next prologue where the first was killed around a durable step")
        func refusalSteps() async throws {
            let room = try await MachineRoom()
            func refused(_ number: Int) -> JobOnNode {
                var job = room.job(number)
                job.comment = "image=demo/missing"
                return job
            }
            // The first of all makes directories.
            try await room.prologue(refused(900))
            let trace = try await Sweep.trace(Built.prologue, refused(901), in: room)
            var sweep = Sweep("refusal, durable steps", in: room, firstJob: 4000)
            for call in trace.momentsAtSteps {
                let job = sweep.nextJob(refused)
                let run = try await room.run(Trace.killing(at: call) + Built.prologue, job)
                if run.status != -SIGKILL { sweep.miss() }
                try await sweep.settle(job, by: .prologue, "killed before \(call)", served: "refused")
            }
            try await sweep.finish()
        }

        @Test("an epilogue killed before and after every durable step is finished by whoever comes next")
        func epilogueSteps() async throws {
            let room = try await MachineRoom()
            let trace = try await Self.epilogueTrace(room)
            var sweep = Sweep("epilogue, durable steps", in: room, firstJob: 2000)
            for (index, call) in trace.momentsAtSteps.enumerated() {
                try await Self.killEpilogue(at: call, index, &sweep)
            }
            try await sweep.finish()
        }

        @Test("a prologue killed at any system call leaves nothing that stays")
        func prologueCalls() async throws {
            let room = try await MachineRoom()
            let prologue = try await Self.prologueTrace(room)
            var sweep = Sweep("prologue, system calls, seed \(CrashTests.seed)", in: room, firstJob: 3000)
            for (index, call) in CrashTests.sample(prologue.calls, 80).enumerated() {
                try await Self.killPrologue(at: call, index, &sweep)
            }
            try await sweep.finish()
        }

        @Test("an epilogue killed at any system call is finished by whoever comes next")
        func epilogueCalls() async throws {
            let room = try await MachineRoom()
            let epilogue = try await Self.epilogueTrace(room)
            var sweep = Sweep("epilogue, system calls, seed \(CrashTests.seed)", in: room, firstJob: 10_000)
            for (index, call) in CrashTests.sample(epilogue.calls, 40).enumerated() {
                try await Self.killEpilogue(at: call, index, &sweep)
            }
            try await sweep.finish()
        }

        private static func prologueTrace(_ room: MachineRoom) async throws -> Trace {
            // The first of all makes what later ones find: the image's copy and the agent's volume.
            let first = try await room.running(900)
            try await room.epilogue(first)
            let job = room.job(901)
            let trace = try await Sweep.trace(Built.prologue, job, in: room)
            try await room.epilogue(job)
            #expect(try room.leftovers(of: job) == [])
            return trace
        }

        private static func epilogueTrace(_ room: MachineRoom) async throws -> Trace {
            let first = try await room.running(902)
            try await room.epilogue(first)
            return try await Sweep.trace(Built.epilogue, room.running(903), in: room)
        }

        private static func killPrologue(at call: Trace.Call, _ index: Int, _ sweep: inout Sweep)
            async throws
        {
            for successor in successors(index, of: Sweep.Successor.allCases) {
                let job = sweep.nextJob()
                let run = try await sweep.room.run(Trace.killing(at: call) + Built.prologue, job)
                if run.status != -SIGKILL { sweep.miss() }
                try await sweep.settle(job, by: successor, "killed before \(call)")
            }
        }

        private static func killEpilogue(at call: Trace.Call, _ index: Int, _ sweep: inout Sweep)
            async throws
        {
            for successor in successors(index, of: Sweep.Successor.endings) {
                let job = sweep.nextJob()
                let prologue = try await sweep.room.prologue(job)
                #expect(prologue.status == 0, "\(prologue.errors)")
                let run = try await sweep.room.run(Trace.killing(at: call) + Built.epilogue, job)
                if run.status != -SIGKILL { sweep.miss() }
                // From its first step on the epilogue's word stands.
                let isTold = try successor == .epilogue || sweep.room.phase(job) != "running"
                try await sweep.settle(job, by: successor, "killed before \(call)")
                let end = try sweep.room.end(of: job)
                #expect(end.cause == (isTold ? "epilogue" : "reaped"), "killed before \(call)")
                #expect(end.exit == (isTold ? "0:0" : nil), "killed before \(call)")
            }
        }

        /// One of them, another one tomorrow; all in a long run.
        private static func successors(_ index: Int, of all: [Sweep.Successor]) -> [Sweep.Successor] {
            CrashTests.isLong ? all : [all[(index + Int(CrashTests.seed % 6)) % all.count]]
        }
    }
}
