import Foundation
import Glibc
import Testing

extension CrashTests {
    /// What of the node's own a machine has: it must neither outlive the machine nor be lost with it.
    @Suite("whose machines see its files", .serialized, .needsVirtiofs)
    struct FilesTests {
        @Test("an epilogue, or tick, ends what serves them; a machine that dies takes it along")
        func ends() async throws {
            let room = try await MachineRoom()
            for (number, successor) in Sweep.Successor.endings.enumerated() {
                let job = try await room.start(room.liveJob(1 + number))
                // Each is two processes: the server itself lives in a process namespace.
                #expect(try room.servers(of: job).count == 4)
                let outcome = successor == .epilogue ? try await room.epilogue(job) : try await room.tick()
                #expect(outcome.status == 0, "\(outcome.errors)")
                #expect(try room.leftovers(of: job) == [])
            }
            let job = try await room.start(room.liveJob(9))
            let machine = try room.processes(of: job)
            for process in machine { kill(process, SIGKILL) }
            try await Harness.soon("the servers' end") { try room.servers(of: job).isEmpty }
            #expect(try await room.epilogue(job).status == 0)
            #expect(try room.leftovers(of: job) == [])
        }

        @Test("a user's disk is one machine's at a time, and the next one's afterwards")
        func userDisk() async throws {
            let room = try await MachineRoom()
            let first = try await room.start(room.liveJob(1))
            let second = room.liveJob(2)
            #expect(try await room.prologue(second).status == 0)
            #expect(try room.phase(second) == "refused")
            let record = try #require(try room.node.record(second))
            #expect((record["refusal"] as? [String: String])?["name"] == "UserDiskInUse")
            for job in [second, first] { #expect(try await room.epilogue(job).status == 0) }
            let third = try await room.start(room.liveJob(3))
            #expect(try await room.epilogue(third).status == 0)
            let disk = room.node.path("var/lib/bivouac/users/\(JobOnNode.nobody)/disk.raw")
            #expect(try room.node.mode(disk) == (0o600, 0))
        }

        @Test("a prologue or an epilogue killed at any system call leaves no server and no half of a disk")
        func killed() async throws {
            let room = try await MachineRoom()
            try await room.epilogue(room.start(room.liveJob(900)))
            try room.removeDisks()
            let example = room.liveJob(901)
            let trace = try await Sweep.trace(Built.prologue, example, in: room)
            let ending = try await Sweep.trace(Built.epilogue, example, in: room)
            var sweep = Sweep("prologue of shared files, seed \(CrashTests.seed)", in: room, firstJob: 5000)
            // From the user's disk on; before that there is nothing of the kind.
            let first = try #require(trace.calls.firstIndex { $0.text.contains("disk.raw") })
            let next = try #require(trace.calls.firstIndex { $0.text.contains("share0") })
            let calls =
                CrashTests.sample(Array(trace.calls[first..<next]), 6)
                + CrashTests.sample(Array(trace.calls[next...]), 12)
            for (index, call) in calls.enumerated() {
                try room.removeDisks()
                let job = sweep.nextJob(room.liveJob)
                let run = try await room.run(Trace.killing(at: call) + Built.prologue, job)
                if run.status != -SIGKILL { sweep.miss() }
                try await sweep.settle(job, by: Sweep.Successor.endings[index % 2], "killed before \(call)")
            }
            try await sweep.finish()
            sweep = Sweep("epilogue of shared files, seed \(CrashTests.seed)", in: room, firstJob: 6000)
            for (index, call) in CrashTests.sample(ending.calls, 6).enumerated() {
                let job = try await room.start(sweep.nextJob(room.liveJob))
                let run = try await room.run(Trace.killing(at: call) + Built.epilogue, job)
                if run.status != -SIGKILL { sweep.miss() }
                try await sweep.settle(job, by: Sweep.Successor.endings[index % 2], "killed before \(call)")
            }
            try await sweep.finish()
        }
    }
}

/// Two pairs are the same when both their values are.
private func == (left: (mode: Int, owner: Int), right: (Int, Int)) -> Bool {
    left.mode == right.0 && left.owner == right.1
}
