import Foundation
import Glibc
import Testing

extension HookTests {
    /// Fail closed: what is not there or not right ends the job with one line, and nothing runs on the host.
    @Suite("The launcher does not start")
    struct LauncherRefusalTests {
        /// A script that would be seen to have run on the host.
        private func expectRefusal(
            _ desk: Desk, _ words: [String]? = nil, environment: [String: String] = [:],
            uid: UInt32 = JobOnNode.nobody,
            status: Int32 = 78, says: String
        ) throws {
            try FileManager.default.createDirectory(
                atPath: desk.node.path("open"), withIntermediateDirectories: false,
                attributes: [.posixPermissions: 0o777])
            let command = ["/bin/sh", "-c", "touch \(desk.node.path("open/marker"))"]
            // Through env(1): the programs in front of the launcher are others.
            let variables = environment.map { "\($0)=\($1)" }
            let run = try desk.launch(
                ["/usr/bin/env"] + variables + (words ?? desk.prefix) + command, uid: uid
            ).wait()
            #expect(run.status == status)
            #expect(run.output.isEmpty)
            #expect(run.errors.contains(says), "\(run.errors)")
            #expect(run.errors.hasPrefix("bivouac: ") && run.errors.hasSuffix("\n"))
            #expect(run.errors.filter { $0 == "\n" }.count == 1)
            #expect(desk.node.names("open") == [])
            #expect(desk.agent?.isCalled != true)
        }

        @Test("without a job id in the environment")
        func noJob() throws {
            let desk = try Desk()
            let run = try Launch.run(Launch.words(desk.prefix + ["/bin/true"], as: JobOnNode.nobody))
            #expect(run.status == 78)
            #expect(run.errors == "bivouac: no job: neither SLURM_JOB_ID nor PBS_JOBID names one\n")
        }

        @Test(
            "with a job id that names another place",
            arguments: [
                "../t-4711", "4711/../../x", "", "t-4711", "47 11", ".4711",
                String(repeating: "1", count: 70),
            ])
        func badJob(_ id: String) throws {
            try expectRefusal(Desk(), environment: ["SLURM_JOB_ID": id], says: "no job")
        }

        @Test("for a job without a live directory")
        func noMachine() throws {
            try expectRefusal(
                Desk(), environment: ["SLURM_JOB_ID": "4712"], says: "job 4712 has no machine on this node")
        }

        @Test("for a job whose number only begins like a live one's")
        func prefixOfAnother() throws {
            try expectRefusal(Desk(), environment: ["SLURM_JOB_ID": "471"], says: "job 471 has no machine")
        }

        @Test("for a job that two clusters have")
        func twoClusters() throws {
            let desk = try Desk()
            try desk.node.write("run/bivouac/jobs/u-4711/record.json", "{}")
            try expectRefusal(desk, says: "several clusters")
        }

        @Test("without the root of the arguments, whatever BIVOUAC_ROOT says")
        func rootOfTheEnvironment() throws {
            let desk = try Desk()
            try expectRefusal(
                desk, [desk.node.endorsement.launcher, "--"],
                environment: ["BIVOUAC_ROOT": desk.node.root, "SLURM_JOB_ID": "4000004711"],
                says: "nothing in /run/bivouac/jobs")
        }

        @Test("without a record")
        func noRecord() throws {
            let desk = try Desk()
            try FileManager.default.removeItem(atPath: desk.recordPath)
            try expectRefusal(desk, says: "the record of job t-4711 cannot be read")
        }

        @Test("with the record of another user's job")
        func anotherUser() throws {
            try expectRefusal(Desk(uid: 1), says: "job t-4711 is not this user's")
        }

        @Test("as another user than the record's")
        func asAnotherUser() throws {
            try expectRefusal(Desk(), uid: 1, says: "job t-4711 is not this user's")
        }

        @Test("with a record that is not root's")
        func foreignRecord() throws {
            let desk = try Desk()
            #expect(unsafe chown(desk.recordPath, JobOnNode.nobody, 0) == 0)
            try expectRefusal(desk, says: "the record of job t-4711 cannot be read")
        }

        @Test("with a record that others may write", arguments: [0o664, 0o646])
        func writableRecord(_ mode: Int) throws {
            let desk = try Desk()
            try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: desk.recordPath)
            try expectRefusal(desk, says: "the record of job t-4711 cannot be read")
        }

        @Test("with a symbolic link in the record's place")
        func linkedRecord() throws {
            let desk = try Desk()
            try FileManager.default.moveItem(atPath: desk.recordPath, toPath: desk.node.path("elsewhere"))
            try FileManager.default.createSymbolicLink(
                atPath: desk.recordPath, withDestinationPath: desk.node.path("elsewhere"))
            try expectRefusal(desk, says: "the record of job t-4711 cannot be read")
        }

        @Test("with a named pipe in the record's place, and does not wait for a writer")
        func pipeForRecord() throws {
            let desk = try Desk()
            try FileManager.default.removeItem(atPath: desk.recordPath)
            #expect(unsafe mkfifo(desk.recordPath, 0o644) == 0)
            try expectRefusal(desk, says: "the record of job t-4711 cannot be read")
        }

        @Test("with a record of a mebibyte")
        func hugeRecord() throws {
            let desk = try Desk()
            let filler = String(repeating: " ", count: 1 << 20)
            try desk.record("{\"phase\":\"running\",\"uid\":65534\(filler)}")
            try expectRefusal(desk, says: "the record of job t-4711 cannot be read")
        }

        @Test(
            "with a damaged record",
            arguments: [
                "", "{", "[]", "{\"phase\":\"running\"}", "{\"uid\":65534}",
                "{\"uid\":\"65534\",\"phase\":\"running\"}",
                "{\"uid\":65534,\"uid\":65534,\"phase\":\"running\"}",
                "{\"uid\":65534.0,\"phase\":\"running\"}",
                "{\"uid\":65534,\"phase\":true}", String(repeating: "[", count: 10_000),
            ])
        func damagedRecord(_ text: String) throws {
            let desk = try Desk()
            try desk.record(text)
            try expectRefusal(desk, says: "t-4711")
        }

        @Test(
            "while the machine is in any other phase than running or paused",
            arguments: [
                "received", "admitted", "prepared", "starting", "booting", "ending", "captured", "gone",
                "new",
            ])
        func otherPhase(_ phase: String) throws {
            try expectRefusal(
                Desk(phase: phase), says: "the machine of job t-4711 is not running (it is \(phase))")
        }

        @Test("for a refused job, and tells the reason")
        func refused() throws {
            let desk = try Desk(phase: "refused")
            try desk.record(
                "{\"phase\":\"refused\",\"uid\":65534,\"refusal\":{\"name\":\"ImageDenied\",\"message\":\"no\"}}"
            )
            try expectRefusal(desk, says: "bivouac: ImageDenied: no\n")
        }

        @Test("for a refused job whose record has no reason")
        func refusedForNoReason() throws {
            try expectRefusal(Desk(phase: "refused"), says: "bivouac: Refused: ")
        }

        @Test("without a socket")
        func noSocket() throws {
            try expectRefusal(Desk(socket: false), says: "has no socket")
        }

        @Test("with a file in the socket's place")
        func fileForSocket() throws {
            let desk = try Desk(socket: false)
            try desk.node.write("run/bivouac/jobs/t-4711/payload.sock", "")
            #expect(unsafe chown(desk.socket, JobOnNode.nobody, 0) == 0)
            try expectRefusal(desk, says: "is not this user's socket")
        }

        @Test("with a socket of another owner")
        func foreignSocket() throws {
            let desk = try Desk()
            #expect(unsafe chown(desk.socket, 1, 0) == 0)
            try expectRefusal(desk, says: "is not this user's socket")
        }

        @Test("with a symbolic link in the socket's place")
        func linkedSocket() throws {
            let desk = try Desk()
            try FileManager.default.moveItem(atPath: desk.socket, toPath: desk.node.path("s"))
            try FileManager.default.createSymbolicLink(
                atPath: desk.socket, withDestinationPath: desk.node.path("s"))
            try expectRefusal(desk, says: "is not this user's socket")
        }

        @Test("with a socket that nobody listens on any more")
        func deadSocket() throws {
            let desk = try Desk(socket: false)
            do { _ = try FakeAgent(desk.socket, owner: JobOnNode.nobody) }
            try expectRefusal(desk, status: 69, says: "cannot be reached")
        }

        @Test(
            "with words that are no call of it",
            arguments: [
                [], ["--"], ["--root=relative", "--"], ["--root=/a", "--root=/b", "--"], ["--roof=/a", "--"],
                ["--root", "/a", "--"], ["-c"], ["--root=/a --root=/b --"], ["--job=../1", "--"],
                ["--job=", "--"],
                ["--job=1", "--job=2", "--"], ["--script=relative", "--"], ["--script=", "--"],
            ])
        func misused(_ words: [String]) throws {
            let desk = try Desk()
            let command = words.last?.hasSuffix("--") == true && words.count > 1 ? ["/bin/true"] : []
            let run = try desk.launch([desk.node.endorsement.launcher] + words + command).wait()
            #expect(run.status == 64)
            #expect(run.errors.hasPrefix("bivouac: usage: bivouac-run [--root=ROOT] "))
            #expect(run.errors.split(separator: "\n").count == 1)
        }

        @Test("by what the loader or the C library of others would obey")
        func environmentOfTheLoader() throws {
            let desk = try Desk(phase: "refused")
            try expectRefusal(
                desk,
                environment: [
                    "LD_PRELOAD": "/nonexistent.so", "LD_LIBRARY_PATH": desk.node.path("open"),
                    "LD_AUDIT": "/nonexistent.so", "LD_DEBUG": "all", "LD_TRACE_LOADED_OBJECTS": "1",
                    "GCONV_PATH": desk.node.path("open"), "LOCPATH": desk.node.path("open"),
                    "MALLOC_TRACE": desk.node.path("open/marker"), "GLIBC_TUNABLES": "glibc.malloc.check=3",
                    "NLSPATH": desk.node.path("open/%N"), "HOSTALIASES": "/etc/shadow",
                ],
                says: "bivouac: Refused: ")
        }
    }
}
