import Evidence
import Foundation
import Job
import Testing

extension CrashTests {
    /// Machines whose image brings the payload: they may end by themselves, and do not.
    @Suite("whose guests ignore the power button", .serialized)
    struct PowerTests {
        /// When the record says that the button was pressed.
        private func pressed(_ job: JobOnNode, _ room: MachineRoom) throws -> String? {
            (try room.node.record(job)?["times"] as? [String: String])?["power"]
        }

        /// Has tick press the button, and makes that an hour ago; when it is now.
        private func reapBegun(_ job: JobOnNode, _ room: MachineRoom) async throws -> String {
            let tick = try await room.tick()
            #expect(tick.status == 0, "\(tick.errors)")
            let moment = try #require(try pressed(job, room))
            let path = room.node.live(job) + "/record.json"
            let earlier = try #require(Timestamp(moment)) + -3600
            let record = try String(contentsOfFile: path, encoding: .utf8)
            try Data(record.replacing("\"power\":\"\(moment)\"", with: "\"power\":\"\(earlier)\"").utf8)
                .write(to: URL(fileURLWithPath: path))
            return "\(earlier)"
        }

        @Test("tick presses it once, waits for nobody, and ends them when their time is over")
        func tick() async throws {
            let room = try await MachineRoom()
            let own = try await room.start(room.ownJob(1))
            let others = [try await room.start(room.ownJob(2)), try await room.running(3)]
            let machine = try room.processes(of: own)
            var tick = try await room.tick()
            #expect(tick.status == 0, "\(tick.errors)")
            // The one without a grace is gone, the others were all asked.
            #expect(try room.leftovers(of: others[1]) == [])
            let moments = try [own, others[0]].map { try pressed($0, room) }
            #expect(!moments.contains(nil) && !machine.isEmpty)
            tick = try await room.tick()
            #expect(tick.status == 0, "\(tick.errors)")
            #expect(try room.processes(of: own) == machine)
            #expect(try [own, others[0]].map { try pressed($0, room) } == moments)
            let earlier = try await reapBegun(own, room)
            tick = try await room.tick()
            #expect(tick.status == 0, "\(tick.errors)")
            #expect(try room.leftovers(of: own) == [])
            let end = try room.end(of: own)
            #expect(end.cause == "reaped" && end.usage != nil)
            #expect(end.phases?["power"].map { "\($0)" } == earlier && end.phases?["off"] == nil)
            #expect(try room.phase(others[0]) == "ending")
        }

        @Test("an epilogue that comes after tick waits no more than what is left")
        func epilogue() async throws {
            let room = try await MachineRoom()
            let job = try await room.start(room.ownJob(1))
            _ = try await reapBegun(job, room)
            #expect(try await room.epilogue(job).status == 0)
            #expect(try room.leftovers(of: job) == [])
            #expect(try room.end(of: job).cause == "reaped")
        }

        @Test("it is not pressed where the image may not run any more: the machine ends at once")
        func revoked() async throws {
            let room = try await MachineRoom()
            let job = try await room.start(room.ownJob(1))
            try room.scheduler(says: "RUNNING", of: job)
            let site = try String(contentsOfFile: room.node.path("etc/bivouac/site.toml"), encoding: .utf8)
            try room.node.write("etc/bivouac/site.toml", "revoked = \"destroy\"\n" + site)
            try await room.require([Built.bivouac, "image", "deny", "demo/minimal", "--reason", "hole"])
            let tick = try await room.tick()
            #expect(tick.status == 0, "\(tick.errors)")
            #expect(try room.leftovers(of: job) == [])
            let end = try room.end(of: job)
            #expect(end.cause == "revoked" && end.refusal?.name == .ImageDenied)
            #expect(end.phases?["power"] == nil)
        }
    }
}
