import Foundation
import Glibc
import Testing

extension CrashTests {
    /// Torque's hooks with real machines behind them.
    @Suite("under Torque", .serialized)
    struct TorqueTests {
        private static func hook(_ program: [String], _ arguments: [String], in room: MachineRoom) throws
            -> Launch
        {
            let variables = ["BIVOUAC_ROOT=\(room.node.root)"]
            return try room.launch(TorqueJob.words([program[0], "torque"] + arguments, variables))
        }

        private static func prologue(_ job: TorqueJob, in room: MachineRoom) throws -> Launch {
            try hook(Built.prologue, job.prologue, in: room)
        }

        private static func epilogue(_ job: TorqueJob, in room: MachineRoom) throws -> Launch {
            try hook(Built.epilogue, job.epilogue, in: room)
        }

        private static func server(says state: String?, of job: TorqueJob, in room: MachineRoom) throws {
            let path = "bin/torque/" + job.number
            if let state { return try room.node.write(path, state) }
            try? FileManager.default.removeItem(atPath: room.node.path(path))
        }

        @Test("a job has its machine from a prologue without a word to an epilogue without a word")
        func life() async throws {
            let room = try await MachineRoom()
            let job = TorqueJob(id: "123[4].pbs")
            try Self.server(says: "R", of: job, in: room)
            let prologue = try await Self.prologue(job, in: room).end()
            #expect(prologue.status == 0 && prologue.text == "", "\(prologue.text)")
            #expect(try room.domains() == ["bivouac-t-123[4].0"])
            let record = try room.node.record(job.onNode)
            #expect(record?["phase"] as? String == "running" && record?["script"] as? String == job.script)
            #expect((record?["origin"] as? [String: String]) == ["scheduler": "torque", "server": "pbs"])
            // MOM was started anew and runs the job again: another machine takes the first one's place.
            #expect(try await Self.prologue(job, in: room).end().status == 0)
            #expect(try room.domains() == ["bivouac-t-123[4].1"])
            let epilogue = try await Self.epilogue(job, in: room).end()
            #expect(epilogue.status == 0 && epilogue.text == "", "\(epilogue.text)")
            #expect(try room.leftovers(of: job.onNode) == [])
            #expect(room.node.evidence == ["t-123[4].0", "t-123[4].1"])

            // What no epilogue has ended, tick ends when the server says that the job is over, and not before.
            let stray = TorqueJob(id: "124.pbs")
            try Self.server(says: "R", of: stray, in: room)
            #expect(try await Self.prologue(stray, in: room).end().status == 0)
            #expect(try await room.tick().status == 0)
            #expect(try room.domains() == ["bivouac-t-124.0"])
            try FileManager.default.moveItem(
                atPath: room.node.path("bin/torque"), toPath: room.node.path("bin/away"))
            let silent = try await room.tick()
            #expect(silent.status == 69 && silent.errors.contains("no stray was touched"))
            #expect(try room.domains() == ["bivouac-t-124.0"])
            try FileManager.default.moveItem(
                atPath: room.node.path("bin/away"), toPath: room.node.path("bin/torque"))
            try Self.server(says: nil, of: stray, in: room)
            #expect(try await room.tick().status == 0)
            #expect(try room.leftovers(of: stray.onNode) == [])
        }

        @Test(
            "nothing is left after an epilogue that overlaps its prologue, nor after an alarm that kills a session"
        )
        func overlap() async throws {
            let room = try await MachineRoom()
            for round in 0..<3 {
                let job = TorqueJob(id: "\(200 + round).pbs")
                let prologue = try Self.prologue(job, in: room)
                try await Task.sleep(for: .milliseconds(40 + 150 * round))
                let epilogue = try Self.epilogue(job, in: room)
                #expect(try await epilogue.end().status == 0)
                #expect([0, 2].contains(try await prologue.end().status))
                #expect(try await Self.epilogue(job, in: room).end().status == 0)
                #expect(try room.leftovers(of: job.onNode) == [])
            }
            let job = TorqueJob(id: "300.pbs")
            let prologue = try Self.prologue(job, in: room)
            try await Harness.soon("a machine that boots") {
                ["starting", "booting"].contains(try room.phase(job.onNode) ?? "")
            }
            try Self.killSession(of: "300.pbs")
            #expect(try await prologue.end().status != 0)
            #expect(try await Self.epilogue(job, in: room).end().status == 0)
            #expect(try room.leftovers(of: job.onNode) == [])
        }

        /// SIGKILL to each process of the session that runs the prologue of a job, as MOM's alarm does.
        private static func killSession(of id: String) throws {
            let mark = Data("\(Built.prologue[0])\u{0}torque\u{0}\(id)\u{0}".utf8)
            func line(_ pid: Int32) -> Data? { FileManager.default.contents(atPath: "/proc/\(pid)/cmdline") }
            let all = try FileManager.default.contentsOfDirectory(atPath: "/proc").compactMap { Int32($0) }
            let leader = try #require(all.first { line($0)?.starts(with: mark) == true })
            for pid in all where getsid(pid) == getsid(leader) {
                kill(pid, SIGKILL)
            }
        }
    }
}
