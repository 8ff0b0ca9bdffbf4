import Foundation
import GuestProtocol
import Testing
import Unix

extension HookTests {
    /// The hook with the programs behind it, on a node whose libvirt starts no machine.
    @Suite("behind the hook of OpenPBS")
    struct OpenPBSNodeTests {
        /// The launcher as the job's task, as MOM executes what execjob_launch left: the user, the job's id.
        private func task(_ node: Node, _ decision: Mom.Decision, id: String = "4711.pbs.example.org") throws
            -> Outcome
        {
            let words = try #require(decision.argv)
            #expect(decision.progname == words.first)
            return try Launch.run(
                Launch.words([node.endorsement.launcher] + words.dropFirst(), as: JobOnNode.nobody),
                environment: ["PBS_JOBID": id, "PBS_QUEUE": "vm"])
        }

        private static let program = Mom.job(
            "4711", ["executable": "<jsdl-hpcpa:Executable>/bin/true</jsdl-hpcpa:Executable>"])

        @Test(
            "a job that may not boot its image is deleted with the refusal's name, and its launcher says the same"
        )
        func refused() throws {
            let node = try Node()
            try node.configure(queue: ["classes": "[1]"])
            let mom = try node.mom()
            let prologue = try mom.event("execjob_prologue")
            #expect(prologue.delete == true)
            #expect(prologue.message?.hasPrefix("bivouac: ClassNotAllowed: ") == true)
            #expect(prologue.errors == (prologue.message ?? "") + "\n")
            #expect(try node.phase() == "refused")
            let origin = try node.record()?["origin"] as? [String: Any]
            #expect(origin?["scheduler"] as? String == "openpbs")
            let task = try task(node, try mom.launch(["/bin/true"], as: "/bin/true", Self.program))
            #expect(task.status == 78)
            #expect(task.errors == prologue.errors)
            for event in ["execjob_epilogue", "execjob_end"] { #expect(try mom.event(event).accept) }
            #expect(node.jobs == [])
        }

        @Test("a job of several hosts is deleted by that name; one of several vnodes is not")
        func multiNode() throws {
            let node = try Node()
            let mom = try node.mom()
            let two = Mom.job("4711", ["exec_host2": "node1:15002/0+node2:15002/0"])
            let prologue = try mom.event("execjob_prologue", two)
            #expect(prologue.delete == true)
            #expect(prologue.message?.hasPrefix("bivouac: MultiNode: ") == true)
            let one = Mom.job(
                "4712",
                ["exec_host2": "node1:15002/0+node1:15002/1", "exec_vnode": "(a:ncpus=1:mem=1gb+b:ncpus=1)"])
            #expect(
                try mom.event("execjob_prologue", one).exception?.contains("could not start machine") == true)
        }

        @Test("a node that cannot start machines is taken out of service, and the job waits for another")
        func nodeFault() throws {
            let node = try Node()
            let prologue = try node.mom().event("execjob_prologue")
            #expect(prologue.status == 254)
            #expect(prologue.delete == false)
            #expect(prologue.exception?.contains("could not start machine t-4711.0") == true)
            #expect(prologue.errors?.contains("could not start machine t-4711.0") == true)
        }

        @Test("a queue that site.toml has forgotten puts its jobs back: other jobs' node stays in service")
        func siteFault() throws {
            let node = try Node()
            let prologue = try node.mom().event("execjob_prologue", Mom.job("4711", ["queue": "gpu"]))
            #expect(prologue.rerun == true)
            #expect(prologue.status == 0)
            #expect(prologue.message?.contains("queue 'gpu' has no [queue.gpu] in site.toml") == true)
        }

        @Test("a job that was granted no memory is deleted with what to ask for")
        func noMemory() throws {
            let node = try Node()
            try node.configure(queue: ["memory": nil])
            let prologue = try node.mom().event(
                "execjob_prologue", Mom.job("4711", ["exec_vnode": "(node1:ncpus=1)"]))
            #expect(prologue.delete == true)
            #expect(prologue.message?.contains("qsub -l select=1:ncpus=1:mem=2gb") == true)
        }

        @Test("without a prologue before it the launcher runs nothing on the node")
        func noPrologue() throws {
            let node = try Node(refreshed: false)
            let launch = try node.mom().launch(["/bin/true"], as: "/bin/true", Self.program)
            let task = try task(node, launch)
            #expect(task.status == 78)
            #expect(task.errors.contains("job 4711 has no machine on this node"))
        }

        @Test(
            "tick ends what MOM has forgotten, keeps what she has, and touches nothing when she does not say")
        func periodic() throws {
            let node = try Node()
            try node.configure(["scheduler": "\"openpbs\""], queue: ["classes": "[1]"])
            let mom = try node.mom()
            #expect(try mom.event("execjob_prologue").delete == true)
            #expect(try mom.periodic([Mom.job()]).accept)
            #expect(node.jobs == ["t-4711"])
            let lie = Mom.job(
                "9", ["Account_Name": "x\npbs.event().job_list[\"9.pbs.example.org\"].queue=batch"])
            #expect(try mom.periodic([lie]).accept)
            #expect(node.jobs == ["t-4711"])
            #expect(try mom.periodic([]).accept)
            #expect(node.jobs == [])
        }

        @Test(
            "with publish = true the server learns which images the node has, and not again what it was told")
        func published() throws {
            let node = try Node()
            try node.configure(["scheduler": "\"openpbs\"", "store.publish": "true"])
            let mom = try node.mom()
            #expect(try mom.periodic([]).resources["node1"] == ["bivouac_image": "none"])
            #expect(try node.bivouac("image", "fetch", "demo/minimal").status == 0)
            // By hand there is nobody who could tell the server.
            let alone = try node.bivouac("tick")
            #expect(alone.status == 69 && alone.errors.contains("only the hook's exechost_periodic event"))
            let names = try node.bivouac("image", "list", "--node-features").text.dropLast()
            #expect(names.hasPrefix("bivouac_"))
            #expect(try mom.periodic([]).resources["node1"] == ["bivouac_image": String(names)])
            #expect(try mom.periodic([]).resources == [:])
        }

        @Test(
            "what is installed follows from site.toml; a script goes to the job starter, which understands MOM's line"
        )
        func installed() throws {
            let desk = try Desk()
            let node = desk.node
            try Launch.require([
                Built.tree + "/hooks/install", "--scheduler", "openpbs", "--prefix", node.path("usr"),
                "--from",
                Built.directory,
            ])
            let directory = node.path("usr/libexec/bivouac/openpbs")
            let doctor = try node.bivouac("doctor", "--write-hooks", directory)
            #expect(doctor.status == 0, "\(doctor.errors)")
            let qmgr = try String(contentsOfFile: directory + "/bivouac.qmgr", encoding: .utf8)
            #expect(
                qmgr.contains("import hook bivouac application/x-python default \(directory)/bivouac.py\n"))
            try FileManager.default.createDirectory(
                atPath: node.path("mom"), withIntermediateDirectories: false)
            let mom = Mom(directory: node.path("mom"), configuration: directory + "/bivouac.json")
            let decision = try mom.launch(["-bash"], as: "/bin/bash")
            #expect(decision.argv == [directory + "/job_starter", "/bin/bash"])

            let script = node.path("spool/4711[3].pbs.SC")
            try node.write("spool/4711[3].pbs.SC", "exit 3\n")
            let escaped = script.replacing("[", with: "\\[").replacing("]", with: "\\]")
            for start in ["", "cd /home/nobody/pbs.4711.x8z;"] {
                let launch = try Launch(
                    Launch.words(decision.argv ?? [], as: JobOnNode.nobody),
                    environment: ["PBS_JOBID": "4711.pbs.example.org", "PBS_QUEUE": "vm"], streams: .input)
                try launch.input?.write(contentsOf: Data((start + escaped + "\n").utf8))
                try launch.input?.close()
                let agent = try desk.theAgent()
                try agent.accept()
                let (order, text) = try agent.order()
                #expect(order.arguments == [Array("-bash".utf8)])
                #expect(order.scriptPath?.text == script && text == Array("exit 3\n".utf8))
                #expect(order.directory.text == (start.isEmpty ? "/" : "/home/nobody/pbs.4711.x8z"))
                try agent.send(.started)
                #expect(try agent.next(.stdin) == Array((start + escaped + "\n").utf8))
                try agent.send(.exited, [3])
                #expect(try launch.wait().status == 3)
                agent.hangUp()
            }
        }

        @Test(
            "the launcher takes the job's number and a script from its words: whatever variables are left over"
        )
        func words() throws {
            let desk = try Desk()
            let script = desk.node.path("job.sh")
            try desk.node.write("job.sh", "exit 4\n")
            let launch = try desk.launch(
                [
                    desk.node.endorsement.launcher, "--root=\(desk.node.root)", "--job=4711",
                    "--script=\(script)", "--",
                ]
                    + ["/bin/sh", script, "a"],
                environment: ["SLURM_JOB_ID": "1", "PBS_JOBID": "2.pbs"])
            let agent = try desk.theAgent()
            try agent.accept()
            let (order, text) = try agent.order()
            #expect(order.arguments == ["/bin/sh", script, "a"].map { Array($0.utf8) })
            #expect(
                order.program == nil && order.scriptPath?.text == script && text == Array("exit 4\n".utf8))
            try agent.send(.started)
            try agent.send(.exited, [4])
            #expect(try launch.wait().status == 4)
        }
    }
}

extension Node {
    /// OpenPBS's MOM on this node, with the built programs behind the hook.
    func mom(prefix: [String] = []) throws -> Mom {
        let settings: [String: Any] = [
            "queues": ["vm", "gpu"], "cluster": "t", "root": root, "libexec": Built.directory,
            "sbin": Built.directory,
        ]
        let text = String(decoding: try JSONSerialization.data(withJSONObject: settings), as: UTF8.self)
        try write("mom/bivouac.json", text)
        return Mom(directory: path("mom"), configuration: path("mom/bivouac.json"), prefix: prefix)
    }
}
