import Foundation
import Glibc
import Testing

extension HookTests {
    /// What the node's hooks leave and take away, whatever happens in between.
    ///
    /// libvirt's own test driver has connections but no machines of ours: starting one is a fault of the node.
    @Suite("A node at fault")
    struct LifeTests {
        private func expectNothingLeft(_ node: Node) {
            #expect(node.jobs == [])
            #expect(node.machines == [])
        }

        @Test("that has no libvirt is told so, and keeps the record until the epilogue")
        func noLibvirt() throws {
            let node = try Node()
            try node.configure(["libvirt": "\"qemu+unix:///system?socket=\(node.path("nowhere"))\""])
            let prologue = try node.prologue()
            #expect(prologue.status == 69)
            #expect(
                prologue.errors.contains("could not reach qemu+unix:///system?socket=\(node.path("nowhere"))")
            )
            #expect(node.jobs == ["t-4711"])
            #expect(try node.phase() == "captured")
            #expect(node.machines == [])
            #expect(node.evidence == [])
            // No machine can exist: nothing has to be asked of libvirt.
            #expect(try node.epilogue().status == 0)
            expectNothingLeft(node)
        }

        @Test("whose libvirt accepts and never answers is told so within the call's limit")
        func hungLibvirt() throws {
            let node = try Node()
            let socket = node.path("silent")
            let silent = try FakeAgent(socket, owner: 0)
            try node.configure([
                "libvirt": "\"qemu+unix:///system?socket=\(socket)\"", "libvirt_timeout": "\"1s\"",
            ])
            let prologue = try node.prologue()
            #expect(prologue.status == 69)
            #expect(prologue.errors.contains("libvirt did not answer: virConnectOpen: waited 1000 ms"))
            #expect(silent.isCalled)
            #expect(try node.epilogue().status == 0)
            expectNothingLeft(node)
        }

        @Test("that cannot start the machine keeps its start state and removes the machine's files")
        func noMachine() throws {
            let node = try Node()
            let prologue = try node.prologue()
            #expect(prologue.status == 69)
            #expect(prologue.errors.contains("could not start machine t-4711.0"))
            #expect(try node.phase() == "captured")
            #expect(node.machines == [])
            #expect(node.evidence == ["t-4711.0"])
            #expect(try node.audit().map(\.event).suffix(4) == ["admission", "image", "start", "end"])
            // The launcher of a job that is started all the same does not run it.
            let launcher = try node.launcher()
            #expect(launcher.status == 78)
            #expect(try node.epilogue().status == 0)
            expectNothingLeft(node)
            #expect(node.evidence == ["t-4711.0"])
        }

        @Test("has on disk whose files a machine's are before its start is in the audit log")
        func recordFirst() throws {
            let node = try Node()
            // The first one fetches the image, which is in the log as well.
            try node.prologue(JobOnNode(id: "1"))
            let trace = node.path("trace")
            try Launch.run(
                Trace.recording(trace) + Built.prologue,
                environment: JobOnNode(id: "2").environment.merging(["BIVOUAC_ROOT": node.root]) { $1 })
            let kept = try Trace(trace).steps.filter { $0.name == "fsync" }.map(\.text)
            let record = try #require(kept.firstIndex { $0.contains("/machines/t-2.0/record.json") })
            let line = try #require(kept.firstIndex { $0.contains("/audit.jsonl") })
            #expect(record < line)
        }

        @Test("keeps the machine's record while libvirt cannot say whether there is one")
        func unknownMachine() throws {
            let node = try Node()
            #expect(try node.prologue().status == 69)
            let path = node.live() + "/record.json"
            let record = try String(contentsOfFile: path, encoding: .utf8)
            let phases = ["starting", "booting", "running", "paused", "ending"]
            for phase in phases {
                try node.configure(["libvirt": "\"qemu+unix:///system?socket=\(node.path("nowhere"))\""])
                let changed = record.replacing("\"phase\":\"captured\"", with: "\"phase\":\"\(phase)\"")
                try Data(changed.utf8).write(to: URL(fileURLWithPath: path))
                let epilogue = try node.epilogue()
                #expect(epilogue.status == 69, "\(phase)")
                #expect(epilogue.errors.contains("could not end machine t-4711.0"))
                #expect(node.jobs == ["t-4711"])
            }
            // libvirt is back and knows of none.
            try node.configure()
            #expect(try node.epilogue().status == 0)
            expectNothingLeft(node)
        }

        @Test("without accounts for machines is told so")
        func noAccounts() throws {
            let node = try Node()
            try node.configure(["qemu_accounts": "\"bivouac-test-none\""])
            let prologue = try node.prologue()
            #expect(prologue.status == 69)
            #expect(prologue.errors.contains("no account bivouac-test-noneN is free: 0 exist"))
            #expect(try node.epilogue().status == 0)
            expectNothingLeft(node)
        }

        @Test("whose audit log cannot be written starts nothing: no audit line, no start")
        func noAudit() throws {
            let node = try Node()
            try? FileManager.default.removeItem(atPath: node.path("var/log/bivouac"))
            try node.write("var/log/bivouac", "in the way")
            let prologue = try node.prologue()
            #expect(prologue.status == 69)
            #expect(prologue.errors.contains("the audit log takes no line"))
            #expect(node.machines == [])
            #expect(node.evidence == [])
            #expect(try node.epilogue().status == 0)
            expectNothingLeft(node)
        }

        @Test("with a damaged record still ends what machine there may be")
        func damagedRecord() throws {
            let node = try Node()
            try node.write("run/bivouac/jobs/t-4711/record.json", "{\"phase\":\"runn")
            try node.write("var/lib/bivouac/machines/t-4711.0/overlay.qcow2", "")
            try node.write("var/lib/bivouac/machines/t-47110.0/overlay.qcow2", "")
            try node.configure(["libvirt": "\"qemu+unix:///system?socket=\(node.path("nowhere"))\""])
            #expect(try node.launcher().status == 78)
            #expect(try node.epilogue().status == 69)
            #expect(node.jobs == ["t-4711"])
            #expect(node.machines == ["t-4711.0", "t-47110.0"])
            try node.configure()
            #expect(try node.epilogue().status == 0)
            #expect(node.jobs == [])
            // Another job's files are another epilogue's.
            #expect(node.machines == ["t-47110.0"])
        }

        @Test("gets a fresh start of the same job after a fault")
        func again() throws {
            let node = try Node()
            #expect(try node.prologue().status == 69)
            try node.configure(queue: ["classes": "[1]"])
            #expect(try node.prologue().status == 0)
            #expect(try node.phase() == "refused")
            #expect(try node.epilogue().status == 0)
            expectNothingLeft(node)
        }
    }

    @Suite("An epilogue")
    struct EpilogueTests {
        private func refusedNode(_ job: JobOnNode) throws -> Node {
            let node = try Node(refreshed: false)
            #expect(try node.prologue(job).status == 0)
            #expect(try node.phase(job) == "refused")
            return node
        }

        @Test("of a job that is unknown here is a success, again and again")
        func unknown() throws {
            let node = try Node(refreshed: false)
            for _ in 0..<2 {
                let epilogue = try node.epilogue()
                #expect(epilogue.status == 0)
                #expect(epilogue.errors == "")
            }
            #expect(node.jobs == [])
        }

        @Test("that comes twice is a success twice")
        func twice() throws {
            let node = try refusedNode(JobOnNode())
            #expect(try node.epilogue().status == 0)
            #expect(try node.epilogue().status == 0)
            #expect(node.jobs == [])
        }

        @Test("needs no more than SLURM_JOB_ID")
        func bareEnvironment() throws {
            let node = try refusedNode(JobOnNode(restarts: 2))
            let run = try Launch.run(
                Built.epilogue, environment: ["SLURM_JOB_ID": "4711", "BIVOUAC_ROOT": node.root])
            #expect(run.status == 0)
            #expect(node.jobs == [])
        }

        @Test("of an earlier start leaves the present one alone")
        func earlier() throws {
            let node = try refusedNode(JobOnNode(restarts: 2))
            for restarts in [nil, 0, 1] {
                #expect(try node.epilogue(JobOnNode(restarts: restarts)).status == 0)
                #expect(try node.phase() == "refused")
            }
        }

        @Test("of the present or a later start ends it", arguments: [2, 3])
        func present(_ restarts: Int) throws {
            let node = try refusedNode(JobOnNode(restarts: 2))
            #expect(try node.epilogue(JobOnNode(restarts: restarts)).status == 0)
            #expect(node.jobs == [])
        }

        @Test("touches no other job, also one whose number begins alike")
        func others() throws {
            let node = try refusedNode(JobOnNode(id: "471"))
            #expect(try node.prologue(JobOnNode(id: "47110")).status == 0)
            #expect(try node.epilogue(JobOnNode(id: "4711")).status == 0)
            #expect(node.jobs == ["t-471", "t-47110"])
        }

        @Test("takes an empty directory away that a dying prologue left")
        func emptyDirectory() throws {
            let node = try Node(refreshed: false)
            try FileManager.default.createDirectory(atPath: node.live(), withIntermediateDirectories: true)
            #expect(try node.epilogue().status == 0)
            #expect(node.jobs == [])
        }
    }

    @Suite("A prologue")
    struct PrologueTests {
        @Test("of a later start ends what the earlier one left")
        func laterStart() throws {
            let node = try Node()
            #expect(try node.prologue().status == 69)
            try node.configure(queue: ["classes": "[1]"])
            #expect(try node.prologue(JobOnNode(restarts: 1)).status == 0)
            #expect(try node.record()?["attempt"] as? Int == 1)
            #expect(try node.phase() == "refused")
            #expect(node.machines == [])
            #expect(node.evidence == ["t-4711.0"])
        }

        @Test("that runs twice at once serves the start once")
        func twoAtOnce() throws {
            let node = try Node(refreshed: false)
            for round in 0..<5 {
                let job = JobOnNode(id: "\(5000 + round)")
                let both = try [node.startPrologue(job), node.startPrologue(job)]
                for one in both { #expect(try one.wait().status == 0) }
                #expect(try node.phase(job) == "refused")
                let refusals = try node.audit().filter {
                    $0.event == "refusal" && $0.fields["job"] as? String == "t-\(job.id)"
                }
                #expect(refusals.count == 1)
                #expect(try node.epilogue(job).status == 0)
            }
            #expect(node.jobs == [])
        }

        @Test("and an epilogue at once end with nothing, or with the prologue's record")
        func prologueAndEpilogue() throws {
            let node = try Node(refreshed: false)
            for round in 0..<5 {
                let job = JobOnNode(id: "\(6000 + round)")
                let both = try [node.startPrologue(job), node.startEpilogue(job)]
                for one in both { #expect(try one.wait().status == 0) }
                #expect(try [nil, "refused"].contains(node.phase(job)))
                #expect(try node.epilogue(job).status == 0)
                #expect(node.jobs == [])
            }
        }

        @Test("killed at any moment, and run again, and its epilogue killed too: all converges to nothing")
        func killed() throws {
            let node = try Node()
            var random = SystemRandomNumberGenerator()
            for round in 0..<12 {
                let job = JobOnNode(id: "\(7000 + round)")
                for _ in 0..<2 {
                    let prologue = try node.startPrologue(job)
                    usleep(UInt32.random(in: 0..<400_000, using: &random))
                    prologue.kill(SIGKILL)
                    _ = try prologue.wait()
                    let epilogue = try node.startEpilogue(job)
                    usleep(UInt32.random(in: 0..<150_000, using: &random))
                    epilogue.kill(SIGKILL)
                    _ = try epilogue.wait()
                }
                let epilogue = try node.epilogue(job)
                #expect(epilogue.status == 0, "\(epilogue.errors)")
                #expect(node.jobs == [], "round \(round)")
                #expect(node.machines == [], "round \(round)")
            }
            let verdict = try node.bivouac("audit", "verify")
            #expect(verdict.status == 0, "\(verdict.errors)\(verdict.text)")
            // A start state is whole or, as NAME.new, none.
            let states = try FileManager.default.subpathsOfDirectory(
                atPath: node.path("var/lib/bivouac/evidence"))
            for name in node.evidence where !name.hasSuffix(".new") {
                #expect(
                    states.contains {
                        $0.hasSuffix("\(name)/manifest.json") || $0.hasSuffix("\(name)/end.json")
                    })
            }
        }
    }
}
