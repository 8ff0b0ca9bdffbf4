import Foundation
import Glibc
import Testing

extension CrashTests {
    /// Each system call that may fail does so, once.
    @Suite("whose kernel says no", .serialized)
    struct FaultTests {
        @Test("a prologue whose system call fails blames the node in one line or does without; nothing stays")
        func prologue() async throws {
            let room = try await MachineRoom()
            func job(_ number: Int) -> JobOnNode { room.job(number) }
            try await Self.sweepPrologue("prologue, failing calls", in: room, job, 70) { $0[...] }
        }

        @Test(
            "so does one whose system call for the user's files and disk fails",
            .needsVirtiofs)
        func prologueOfFiles() async throws {
            let room = try await MachineRoom()
            try await Self.sweepPrologue(
                "prologue of shared files, failing calls", in: room, room.liveJob, 12
            ) { calls in
                let first = try #require(calls.firstIndex { $0.text.contains("disk.raw") })
                let last = try #require(calls.lastIndex { $0.text.contains("/share") })
                return calls[first...last]
            }
        }

        private static func sweepPrologue(
            _ title: String, in room: MachineRoom, _ make: (Int) -> JobOnNode, _ count: Int,
            part: ([Trace.Call]) throws -> ArraySlice<Trace.Call>
        ) async throws {
            try await room.epilogue(room.start(make(900)))
            try room.removeDisks()
            let job = make(901)
            let trace = try await Sweep.trace(Built.prologue, job, in: room)
            try await room.epilogue(job)
            var sweep = Sweep("\(title), seed \(CrashTests.seed)", in: room, firstJob: 1000)
            for fault in CrashTests.sample(Self.faults(try part(trace.calls)), count) {
                try room.removeDisks()
                let job = sweep.nextJob(make)
                let run = try await room.run(
                    Trace.failing(fault.call, with: fault.error) + Built.prologue, job)
                let what = "\(fault.error) from \(fault.call)"
                Self.expectClear(run, "prologue", what)
                // A job must not pay for its node.
                let phase = try room.phase(job)
                #expect(phase != "refused", "\(what): the job is blamed: \(run.errors)")
                if run.status == 0 { #expect(phase == "running", "\(what)") }
                try await sweep.settle(job, by: .epilogue, what)
            }
            try await sweep.finish()
        }

        @Test("an epilogue whose system call fails says so or does without; the next one finishes")
        func epilogue() async throws {
            let room = try await MachineRoom()
            try await room.epilogue(room.running(900))
            let trace = try await Sweep.trace(Built.epilogue, room.running(901), in: room)
            var sweep = Sweep("epilogue, failing calls, seed \(CrashTests.seed)", in: room, firstJob: 2000)
            for fault in CrashTests.sample(Self.faults(trace.calls[...]), 35) {
                let job = sweep.nextJob()
                let prologue = try await room.prologue(job)
                #expect(prologue.status == 0, "\(prologue.errors)")
                let run = try await room.run(
                    Trace.failing(fault.call, with: fault.error) + Built.epilogue, job)
                let what = "\(fault.error) from \(fault.call)"
                Self.expectClear(run, "epilogue", what)
                if run.status == 0 {
                    // A success is the end of it: nobody would come again.
                    try await sweep.expectNothing(of: job, what)
                } else {
                    try await sweep.settle(job, by: .epilogue, what)
                }
            }
            try await sweep.finish()
        }

        private static func expectClear(_ run: Outcome, _ program: String, _ what: String) {
            #expect([0, 69, 78].contains(run.status), "\(what): status \(run.status): \(run.errors)")
            if run.status > 0 {
                let lines = run.errors.split(separator: "\n").filter {
                    $0.hasPrefix("bivouac: \(program): ")
                }
                #expect(lines.count == 1, "\(what): \(run.errors)")
            }
        }

        private struct Fault {
            let call: Trace.Call
            let error: String
        }

        /// What the manual page of each call names as its failures on a node that is full, broken or short of
        /// something.
        private static let errors: [String: [String]] = [
            "openat": ["EMFILE", "EIO", "EACCES"], "read": ["EIO"], "pread64": ["EIO"], "getdents64": ["EIO"],
            "write": ["ENOSPC", "EIO"], "pwrite64": ["ENOSPC"], "ftruncate": ["ENOSPC"],
            "fsync": ["EIO", "ENOSPC"], "rename": ["ENOSPC", "EIO"], "link": ["ENOSPC"],
            "mkdir": ["ENOSPC", "EACCES"], "unlink": ["EIO"], "rmdir": ["EIO"], "chmod": ["EROFS"],
            "fchmod": ["EROFS"], "fchown": ["EROFS"], "lchown": ["EROFS"], "newfstatat": ["EIO"],
            "flock": ["EINTR", "ENOLCK"], "socket": ["EMFILE"], "connect": ["EINTR", "ECONNREFUSED"],
            "poll": ["EINTR"], "pipe2": ["EMFILE"], "clone3": ["EAGAIN"], "wait4": ["EINTR"],
            "timer_create": ["EAGAIN"], "statfs": ["EIO"], "lseek": ["EIO"],
            "sendmsg": ["ETOOMANYREFS", "ENOMEM"], "bind": ["EADDRINUSE", "ENOSPC"], "listen": ["EADDRINUSE"],
            "dup": ["EMFILE"], "eventfd2": ["EMFILE"], "pidfd_open": ["EMFILE"],
        ]

        private static func faults(_ calls: ArraySlice<Trace.Call>) -> [Fault] {
            calls.flatMap { call in (errors[call.name] ?? []).map { Fault(call: call, error: $0) } }
        }
    }
}
