import Foundation
import Testing

extension HookTests {
    /// hooks/torque as they are installed, run as pbs_mom runs them.
    @Suite("The installed Torque hooks")
    struct TorqueHookTests {
        @Test("are files that pbs_mom takes: root's, executable, and nobody else can write them")
        func modes() throws {
            let node = try Node(refreshed: false)
            try node.installTorque()
            for name in ["prologue", "epilogue", "node_check", "job_starter"] {
                let (mode, owner) = try node.mode("\(node.torque)/\(name)")
                #expect(mode == 0o755 && owner == 0, "\(name)")
            }
            let (mode, owner) = try node.mode(node.torque + "/job_starter.conf")
            #expect(mode == 0o644 && owner == 0)
            let config = try String(contentsOfFile: node.torque + "/config", encoding: .utf8)
            #expect(config.contains("$job_starter \(node.torque)/job_starter\n"))
            // A second time nothing of the site is lost.
            try node.installTorque()
            #expect(
                try String(contentsOfFile: node.torque + "/prologue", encoding: .utf8).contains(
                    "root=\(node.root)"))
        }

        @Test(
            "leave jobs of other queues alone, also without any program of ours",
            arguments: ["batch", "", "vmx"])
        func foreign(queue: String) throws {
            let node = try Node(refreshed: false)
            try node.installTorque()
            for program in ["prologue", "epilogue"] {
                try FileManager.default.removeItem(
                    atPath: node.path("usr/libexec/bivouac/bivouac-\(program)"))
            }
            let job = TorqueJob(queue: queue)
            for (hook, arguments) in [
                ("prologue", job.prologue), ("epilogue", job.epilogue), ("prologue", []), ("epilogue", []),
            ] {
                let run = try node.torque(hook, arguments)
                #expect(run.status == 0 && run.text == "", "\(hook) \(arguments)")
            }
            // In ours a program that is missing is a fault that requeues.
            let run = try node.torque("prologue", TorqueJob().prologue)
            #expect(![0, 1].contains(run.status))
        }

        @Test(
            "refuse a job with status 1 and one line, which is all that they say",
            arguments: [
                (TorqueJob(resources: "mem=1gb,nodes=1,other=image=demo/missing"), "UnknownImage: "),
                (TorqueJob(resources: "mem=1gb,nodes=1,other=image=../../etc:image=x"), "BadImageName: "),
                (TorqueJob(resources: "mem=1gb,nodes=2:ppn=2"), "MultiNode: "),
                (TorqueJob(resources: "mem=1gb,nodes=1,prologue=/home/u/p"), "UnsupportedSetting: "),
                (TorqueJob(user: "root", resources: "mem=1gb,nodes=1"), "RootJob: "),
                (TorqueJob(id: "124[7].pbs", resources: "mem=1mb,nodes=1"), "NotEnoughMemory: "),
            ])
        func refusals(job: TorqueJob, name: String) throws {
            let node = try Node()
            try node.installTorque()
            let run = try node.torque("prologue", job.prologue)
            #expect(run.status == 1)
            #expect(run.text.hasPrefix("bivouac: \(name)"), "\(run.text)")
            #expect(run.text.split(separator: "\n").count == 1)
            #expect(node.jobs == ["t-\(job.number)"])
            #expect(try node.record(job.onNode)?["phase"] as? String == "refused")
            let epilogue = try node.torque("epilogue", job.epilogue)
            #expect(epilogue.status == 0 && epilogue.text == "")
            #expect(node.jobs == [] && node.machines == [])
            #expect(try node.audit().contains { $0.event == "refusal" })
        }

        @Test("requeue a job whose node or site is at fault, and count its starts by what is here")
        func faults() throws {
            let node = try Node()
            try node.installTorque()
            // libvirt's test driver takes no descriptor: this node cannot start a machine.
            for attempt in 0..<3 {
                let run = try node.torque("prologue", TorqueJob().prologue)
                #expect(run.status == 2)
                #expect(
                    run.text.hasPrefix("bivouac: prologue: ") && run.text.split(separator: "\n").count == 1)
                #expect(try node.record(TorqueJob().onNode)?["attempt"] as? Int == attempt)
                if attempt == 1 { #expect(try node.torque("epilogue", TorqueJob().epilogue).status == 0) }
            }
            #expect(node.evidence == ["t-123.0", "t-123.1", "t-123.2"])
            try FileManager.default.removeItem(atPath: node.path("etc/bivouac/site.toml"))
            let run = try node.torque("prologue", TorqueJob().prologue)
            #expect(run.status == 2 && run.text.contains("site.toml: there is no such file"))
            // Nobody asks how an epilogue ended, and its words would stand in the job's output.
            let epilogue = try node.torque("epilogue", TorqueJob().epilogue)
            #expect(epilogue.status == 0 && epilogue.text == "")
        }

        @Test(
            "take no job of what is no job",
            arguments: [[], [""], ["1 2"], ["../../x"], ["$(reboot)"], ["-1"], ["1.s;id"]])
        func badIDs(words: [String]) throws {
            let node = try Node(refreshed: false)
            try node.installTorque()
            var arguments = TorqueJob().prologue
            arguments.replaceSubrange(0..<1, with: words.isEmpty ? [""] : words)
            let run = try node.torque("prologue", arguments)
            #expect(run.status == 2)
            #expect(node.jobs == [])
        }

        @Test("say ERROR when a node check fails, and end with the status of the site's own")
        func nodeCheck() throws {
            let node = try Node(refreshed: false)
            try node.installTorque()
            let healthy = try node.torque("node_check", [])
            #expect(healthy.status == 0)
            try node.write("etc/bivouac/site.toml", "nonsense\n")
            let broken = try node.torque("node_check", [])
            #expect(
                broken.text.hasPrefix("ERROR bivouac tick: ") && broken.text.split(separator: "\n").count == 1
            )
            try node.writeProgram("etc/bivouac/node_check", "#!/bin/sh\necho ERROR of the site; exit 3\n")
            let site = try node.torque("node_check", [])
            #expect(site.status == 3 && site.text.hasSuffix("\nERROR of the site\n"))
        }
    }
}
