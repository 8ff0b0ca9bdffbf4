import Evidence
import Foundation
import Glibc
import Job
import JobMachine
import Libvirt
import Site
import Testing

extension CrashTests {
    /// From every state to nothing left but evidence, and nothing of anybody else's touched.
    @Suite("comes to rest", .serialized)
    struct ConvergenceTests {
        /// What these tests look at sees a machine where there is one.
        @Test("what is looked for after an end is all there before it")
        func eyes() async throws {
            let room = try await MachineRoom()
            let job = try await room.running(1)
            let there = try room.leftovers(of: job).joined(separator: "\n")
            let parts = [
                "live file record.json", "live file lock", "live file payload.sock",
                "machine file overlay.qcow2", "machine file context.iso", "domain bivouac-t-1.0", "process ",
                "libvirt's run/qemu/",
            ]
            for part in parts {
                #expect(there.contains(part), "\(part) is not among \(there)")
            }
            #expect(try room.unexplained(job) == ["t-1.0"])
            for _ in 0..<2 {
                let epilogue = try await room.epilogue(job)
                #expect(epilogue.status == 0 && epilogue.errors.isEmpty, "\(epilogue.errors)")
                try Self.expectEnded(job, room)
            }
            // Without a prologue there is nothing to do, and nothing is made.
            let stranger = room.job(2)
            #expect(try await room.epilogue(stranger).status == 0)
            try Self.expectEnded(stranger, room)
            #expect(room.node.evidence == ["t-1.0"])
        }

        private static func expectEnded(
            _ job: JobOnNode, _ room: MachineRoom, sourceLocation: SourceLocation = #_sourceLocation
        ) throws {
            let left = try room.leftovers(of: job).filter {
                !(room.libvirtDied && $0.hasPrefix("libvirt's "))
            }
            #expect(left == [], sourceLocation: sourceLocation)
            let unexplained = try room.unexplained(job)
            #expect(unexplained == [], sourceLocation: sourceLocation)
        }

        @Test("after an epilogue that races its prologue")
        func race() async throws {
            let room = try await MachineRoom()
            try await room.epilogue(room.running(1))
            for round in 0..<6 {
                let job = room.job(10 + round)
                let prologue = try room.launch(Built.prologue, job)
                try await Task.sleep(for: .milliseconds(60 * round))
                let epilogue = try room.launch(Built.epilogue, job)
                #expect(try await epilogue.end().status == 0)
                #expect(try await prologue.end().status == 0)
                // Either the epilogue came after everything, or it came too early and there will be another.
                #expect(try await room.epilogue(job).status == 0)
                try Self.expectEnded(job, room)
            }
        }

        @Test("after a job is requeued while its earlier start is being cleaned")
        func requeue() async throws {
            let room = try await MachineRoom()
            let earlier = try await room.running(1)
            let later = room.job(1, restarts: 1)
            let epilogue = try room.launch(Built.epilogue, earlier)
            let prologue = try room.launch(Built.prologue, later)
            #expect(try await epilogue.end().status == 0)
            #expect(try await prologue.end().status == 0)
            // The late epilogue of the earlier start comes once more.
            #expect(try await room.epilogue(earlier).status == 0)
            #expect(try room.phase(later) == "running")
            #expect(try room.domains() == ["bivouac-t-1.1"])
            #expect(room.node.machines == ["t-1.1"])
            #expect(try await room.epilogue(later).status == 0)
            try Self.expectEnded(later, room)
            #expect(room.node.evidence == ["t-1.0", "t-1.1"])
        }

        @Test("after its clock was set back by a day, or on by one")
        func clock() async throws {
            let room = try await MachineRoom()
            let places = Places(root: room.node.root)
            let site = try Site.load(places: places)
            for (number, shift) in [(1, -86_400), (2, 86_400)] as [(Int, Int64)] {
                let job = try await room.running(number)
                let key = try #require(JobKey("t-\(number)"))
                let now = Timestamp(seconds: Int64(Date().timeIntervalSince1970) + shift)
                try Epilogue(site: site, places: places, clock: { now }).run(key, attempt: 0, exit: nil)
                try Self.expectEnded(job, room)
            }
            // Evidence from the future is nothing that has expired.
            #expect(try await room.tick().status == 0)
            #expect(room.node.evidence == ["t-1.0", "t-2.0"])
            let verdict = try await room.run([Built.bivouac, "audit", "verify"])
            #expect(verdict.status == 0, "\(verdict.errors)")
        }

        @Test("after a reboot: tick leaves nothing but every start state")
        func reboot() async throws {
            let room = try await MachineRoom()
            var jobs: [JobOnNode] = []
            for number in 1...3 {
                jobs.append(try await room.running(number))
                try room.scheduler(says: "RUNNING", of: jobs[number - 1])
            }
            try await room.reboot(killing: jobs)
            // The controller has not noticed yet: what it calls running is not touched, nor is anything when it
            // does not answer.
            #expect(try await room.tick().status == 0)
            #expect(room.node.machines.count == 3)
            try FileManager.default.moveItem(
                atPath: room.node.path("slurm"), toPath: room.node.path("away"))
            #expect(try await room.tick().status == 69)
            #expect(room.node.machines.count == 3)
            try FileManager.default.moveItem(
                atPath: room.node.path("away"), toPath: room.node.path("slurm"))
            // One was requeued, one has failed with its node, one is forgotten.
            try room.scheduler(says: "PENDING", restarts: 1, of: jobs[0])
            try room.scheduler(says: "NODE_FAIL", of: jobs[1])
            try room.scheduler(says: nil, of: jobs[2])
            #expect(try await room.tick().status == 0)
            for job in jobs { try Self.expectEnded(job, room) }
            #expect(room.node.evidence == ["t-1.0", "t-2.0", "t-3.0"])
        }

        @Test("after a reboot in the midst of a start or an end")
        func rebootMidway() async throws {
            let room = try await MachineRoom()
            try await room.epilogue(room.running(900))
            let example = room.job(901)
            let start = try await Sweep.trace(Built.prologue, example, in: room).calls
            let end = try await Sweep.trace(Built.epilogue, example, in: room).calls
            let deaths: [(program: [String], call: Trace.Call?, phase: String)] = [
                (Built.prologue, start.first { $0.name == "fchown" }, "prepared"),
                // The machine is defined, then runs, then is ready.
                (Built.prologue, start.first { $0.name == "sendmsg" }, "starting"),
                (Built.prologue, start.first { $0.name == "lchown" }, "starting"),
                (Built.prologue, start.last { $0.name == "chmod" }, "booting"),
                (Built.epilogue, end.first { $0.name == "rename" && $0.text.contains("end.json") }, "ending"),
                (Built.epilogue, end.first { $0.name == "unlink" && $0.text.contains("qcow2") }, "captured"),
            ]
            for (number, death) in deaths.enumerated() {
                let job = room.job(1 + number)
                let call = try #require(death.call)
                if death.program == Built.epilogue { try await room.start(job) }
                _ = try await room.run(Trace.killing(at: call) + death.program, job)
                #expect(try room.phase(job) == death.phase, "killed before \(call)")
                try await room.reboot(killing: [job])
                #expect(try await room.tick().status == 0)
                try Self.expectEnded(job, room)
                #expect(try room.misreported() == [])
            }
        }

        @Test("after a reboot that the requeued job's prologue is faster than any tick to notice")
        func rebootAndRequeue() async throws {
            let room = try await MachineRoom()
            let earlier = try await room.running(1)
            try await room.reboot(killing: [earlier])
            let later = room.job(1, restarts: 1)
            #expect(try await room.prologue(later).status == 0)
            try room.scheduler(says: "RUNNING", restarts: 1, of: later)
            #expect(try await room.tick().status == 0)
            #expect(try room.domains() == ["bivouac-t-1.1"])
            #expect(room.node.machines == ["t-1.1"])
            #expect(try await room.epilogue(later).status == 0)
            try Self.expectEnded(later, room)
            #expect(room.node.evidence == ["t-1.0", "t-1.1"])
        }

        @Test("after libvirtd died and came back, before, during and after a start")
        func libvirt() async throws {
            let room = try await MachineRoom()
            let job = try await room.running(1)
            try await room.killLibvirtd()
            // No libvirt, no start: the node's fault. And no end, since nobody knows whether there is a machine.
            let refused = room.job(2)
            let prologue = try await room.prologue(refused)
            #expect(prologue.status == 69)
            #expect(prologue.errors.contains("could not reach qemu+unix:///system"))
            let epilogue = try await room.epilogue(job)
            #expect(epilogue.status == 69)
            #expect(epilogue.errors.contains("could not end machine t-1.0"))
            #expect(try await room.tick().status == 69)
            #expect(try !room.processes(of: job).isEmpty)
            try await room.start("libvirtd")
            #expect(try await room.tick().status == 0)
            try Self.expectEnded(job, room)
            try Self.expectEnded(refused, room)
            // What the epilogue was told was not lost with libvirt.
            #expect(try room.end(of: job).cause == "epilogue" && room.end(of: job).exit == "0:0")
            for round in 0..<4 {
                let job = room.job(10 + round)
                let prologue = try room.launch(Built.prologue, job)
                try await Task.sleep(for: .milliseconds(100 + 100 * round))
                try await room.killLibvirtd()
                #expect([0, 69].contains(try await prologue.end().status))
                try await room.start("libvirtd")
                #expect(try await room.epilogue(job).status == 0)
                try Self.expectEnded(job, room)
            }
        }

        @Test("after slurmd was started anew and runs a job's prologue again")
        func slurmd() async throws {
            let room = try await MachineRoom()
            let job = try await room.running(1)
            // The same start, served once: the machine goes on.
            let processes = try room.processes(of: job)
            #expect(try await room.prologue(job).status == 0)
            #expect(try room.processes(of: job) == processes)
            #expect(try room.started() == ["t-1.0"])
            // One whose prologue was killed with its slurmd is begun again.
            let killed = room.job(2)
            let prologue = try room.launch(Built.prologue, killed)
            try await Harness.soon("a machine") { try room.started().contains("t-2.0") }
            prologue.kill(SIGKILL)
            _ = try await prologue.end()
            #expect(try await room.prologue(killed).status == 0)
            #expect(try room.phase(killed) == "running")
            for job in [job, killed] {
                #expect(try await room.epilogue(job).status == 0)
                try Self.expectEnded(job, room)
            }
        }

        @Test("after somebody died pausing one machine of two, and the other one has died")
        func settle() async throws {
            let room = try await MachineRoom()
            let jobs = [try await room.running(1), try await room.running(2)]
            for job in jobs {
                try room.scheduler(says: "RUNNING", of: job)
                try await room.require([Built.bivouac, "job", "suspend", job.id])
            }
            for process in try room.processes(of: jobs[0]) { kill(process, SIGKILL) }
            let libvirt = try Connection.open(room.libvirt)
            try await Harness.soon("the end of a machine") { try room.domains() == ["bivouac-t-2.0"] }
            let other = try #require(try libvirt.lookup(name: "bivouac-t-2.0")?.uuid())
            try libvirt.lookup(uuid: other)?.resume()
            let tick = try await room.tick()
            #expect(tick.status == 0, "\(tick.errors)")
            #expect(tick.errors.contains("job t-2 was paused by its record alone"))
            #expect(try libvirt.lookup(uuid: other)?.state().kind != .running)
            for job in jobs {
                #expect(try await room.epilogue(job).status == 0)
                try Self.expectEnded(job, room)
            }
        }

        @Test("after a guest that talks nonsense, and keeps in its end state why it was ended")
        func nonsense() async throws {
            let room = try await MachineRoom()
            try room.node.write("ready", "nonsense")
            let job = room.job(1)
            #expect(try await room.prologue(job).status == 0)
            #expect(try room.phase(job) == "refused")
            #expect(try await room.epilogue(job).status == 0)
            try Self.expectEnded(job, room)
            let end = try room.end(of: job)
            #expect(end.cause == "refused" && end.refusal?.name == .GuestNotReady)
            #expect(try room.node.audit().filter { $0.event == "end" }.count == 1)
            #expect(try room.misreported() == [])
        }

        @Test("job by job: what cannot be ended keeps tick from nothing else")
        func oneByOne() async throws {
            let room = try await MachineRoom()
            let (unknown, stuck) = (try await room.running(1), try await room.running(2))
            let last = try await room.running(3)
            let record = room.node.live(unknown) + "/record.json"
            try FileManager.default.moveItem(atPath: record, toPath: record + ".away")
            try FileManager.default.createDirectory(atPath: record, withIntermediateDirectories: false)
            let day = try #require(room.node.names("var/lib/bivouac/evidence").first { $0.hasPrefix("20") })
            let inTheWay = room.node.path("var/lib/bivouac/evidence/\(day)/t-2.0/end.json")
            try FileManager.default.createDirectory(
                atPath: inTheWay + "/in the way", withIntermediateDirectories: true)
            var tick = try await room.tick()
            #expect(tick.status == 69)
            for words in ["t-1: could not read", "t-2.0: could not keep the end state", "reaped t-3.0"] {
                #expect(tick.errors.contains(words), "\(tick.errors)")
            }
            try Self.expectEnded(last, room)
            #expect(try !room.processes(of: unknown).isEmpty)
            try FileManager.default.removeItem(atPath: record)
            try FileManager.default.moveItem(atPath: record + ".away", toPath: record)
            try FileManager.default.removeItem(atPath: inTheWay)
            tick = try await room.tick()
            #expect(tick.status == 0, "\(tick.errors)")
            for job in [unknown, stuck] { try Self.expectEnded(job, room) }
        }

        @Test("after a replay that was killed, also when the next one is faster than any tick")
        func replay() async throws {
            let room = try await MachineRoom()
            try await room.epilogue(room.running(1))
            let killed = try room.launch([Built.bivouac, "evidence", "replay", "t-1", "--for", "10m"])
            try await Harness.soon("a replay") { try room.domains() == ["replay-t-1.0"] }
            killed.kill(SIGKILL)
            _ = try await killed.end()
            let next = try await room.run([Built.bivouac, "evidence", "replay", "t-1", "--for", "1s"])
            #expect(next.status == 0, "\(next.errors)")
            #expect(try room.domains() == [])
            #expect(room.node.names("var/lib/bivouac/replays") == [])
        }

        @Test("and touches nothing that carries no record of ours")
        func foreign() async throws {
            let room = try await MachineRoom()
            let foreign = [
                "somebody", "bivouac-other-1.0", "bivouac-t-1", "bivouac-t-1.0.old", "bivouac-t-7.0",
            ]
            let libvirt = try Connection.open(room.libvirt)
            for name in foreign {
                let domain = try libvirt.define(
                    "<domain type='qemu'><name>\(name)</name><memory unit='MiB'>16</memory>"
                        + "<os><type arch='x86_64' machine='q35'>hvm</type></os></domain>")
                if name == "somebody" { try domain.create(paused: true) }
            }
            let files = [
                "run/bivouac/jobs/other-1/file", "run/bivouac/jobs/notes/file", "run/bivouac/jobs/file",
                "var/lib/bivouac/machines/other-1.0/overlay.qcow2", "var/lib/bivouac/machines/t-1/file",
                "var/lib/bivouac/machines/t-1.0.old/file", "var/lib/bivouac/machines/README",
                "var/lib/bivouac/evidence/notes/file", "var/lib/bivouac/foreign/file",
            ]
            for file in files { try room.node.write(file, "somebody's") }
            let job = try await room.running(1)
            #expect(try await room.epilogue(job).status == 0)
            let stray = try await room.running(2)
            #expect(try await room.tick().status == 0)
            for job in [job, stray] { #expect(try room.unexplained(job) == []) }
            #expect(try Set(room.domains()) == Set(foreign))
            for file in files {
                #expect(FileManager.default.fileExists(atPath: room.node.path(file)), "\(file)")
            }
        }
    }
}
