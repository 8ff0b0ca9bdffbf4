import Job
import Testing

@testable import Batch

@Suite("slurmd's environment becomes a job's facts")
struct SlurmHookTests {
    private let environment = [
        "SLURM_JOB_ID": "4711", "SLURM_JOB_UID": "1000", "SLURM_JOB_GID": "100", "SLURM_JOB_PARTITION": "vm",
        "SLURM_JOB_NUM_NODES": "1", "SLURM_JOB_CPUS_PER_NODE": "4(x2),2", "SLURM_JOB_ACCOUNT": "physics",
        "SLURM_JOB_COMMENT": "image=demo/minimal stage=a,b", "SLURM_CONF": "/etc/slurm/slurm.conf",
    ]

    private func hook(_ changes: [String: String?] = [:]) throws -> SlurmHook {
        var environment = environment
        for (name, value) in changes { environment[name] = value }
        return try SlurmHook { environment[$0] }
    }

    @Test("a Prolog's environment is read")
    func prolog() throws {
        let hook = try hook()
        #expect(hook.job.description == "4711" && hook.user == 1000 && hook.group == 100)
        #expect(hook.partition == "vm" && hook.nodes == 1 && hook.cpusOnNode == 4 && hook.attempt == 0)
        #expect(hook.project == "physics" && hook.words == ["image=demo/minimal", "stage=a,b"])
    }

    @Test("--vm-image is one more word, whatever it holds")
    func spankImage() throws {
        let words = try hook(["SPANK_BIVOUAC_IMAGE": "demo/other"]).words
        #expect(words == ["image=demo/minimal", "stage=a,b", "image=demo/other"])
        let hostile = try hook([
            "SLURM_JOB_COMMENT": nil,
            "SPANK_BIVOUAC_IMAGE": "a b image=demo/x " + String(repeating: "y", count: 9999),
        ])
        #expect(hostile.words.count == 1)
        #expect(hostile.words[0].hasPrefix("image=a b image=demo/x "))
        #expect(hostile.words[0].utf8.count == "image=".utf8.count + 4096)
    }

    @Test("an Epilog without a credential has its job id alone")
    func epilog() throws {
        let hook = try SlurmHook { ["SLURM_JOB_ID": "7"][$0] }
        #expect(
            hook.job.description == "7" && hook.user == nil && hook.partition == nil && hook.words.isEmpty)
        #expect(hook.attempt == nil, "which start it speaks of is not said")
    }

    @Test("a requeued job says which start it is")
    func restarts() throws {
        #expect(try hook(["SLURM_JOB_RESTART_COUNT": "3"]).attempt == 3)
        #expect(try hook(["SLURM_JOB_RESTART_COUNT": "x"]).attempt == nil)
    }

    @Test(
        "no job id, or one that is no number, is the site's fault",
        arguments: [nil, "", "x", "../1", "1 2", "-1"])
    func badIDs(id: String?) {
        let error = #expect(throws: BatchError.self) { try hook(["SLURM_JOB_ID": id]) }
        #expect(error?.blame == .site)
    }

    @Test("a comment of any length and content is only words")
    func hostileComment() throws {
        let comment =
            "$(reboot) `id`\nimage=../../etc\timage=demo/x;id " + String(repeating: "y", count: 1 << 20)
        let words = try hook(["SLURM_JOB_COMMENT": comment]).words
        #expect(words.prefix(4) == ["$(reboot)", "`id`", "image=../../etc", "image=demo/x;id"])
        #expect(words.map(\.utf8.count).reduce(0, +) <= 4096)
    }
}

@Suite("squeue's answer becomes a grant")
struct SlurmGrantTests {
    private static let columns = [512, 64, 64, 64]

    private func line(_ fields: String...) -> String {
        zip(fields, Self.columns).map { text, width in
            text + String(repeating: " ", count: max(0, width - text.utf8.count))
        }.joined() + "\n"
    }

    @Test("CPUs, memory, end, state and the moment of its submission are read")
    func grant() throws {
        let grant = try SlurmGrant(
            line: line("cpu=4,mem=1.50G,node=1,billing=4", "1795252800", "RUNNING", "1795252000"),
            columns: Self.columns)
        #expect(grant.cpus == 4 && grant.memory == .mebibytes(1536))
        #expect(grant.end == Timestamp(seconds: 1_795_252_800))
        #expect(grant.submitted == Timestamp(seconds: 1_795_252_000))
    }

    @Test(
        "amounts are spelt as Slurm spells them",
        arguments: [("512M", 512), ("1G", 1024), ("2048", 2048), ("1T", 1 << 20), ("1048576K", 1024)]
            as [(String, Int64)])
    func memory(text: String, mebibytes: Int64) throws {
        let grant = try SlurmGrant(line: line("cpu=1,mem=\(text)", "0", "RUNNING"), columns: Self.columns)
        #expect(grant.memory == .mebibytes(mebibytes))
    }

    @Test(
        "what the controller does not say is unknown, not zero",
        arguments: ["", "cpu=0,mem=0", "cpu=x,mem=-1", "mem=1Q"])
    func unknown(tres: String) throws {
        let grant = try SlurmGrant(line: line(tres, "N/A", "PENDING", "N/A"), columns: Self.columns)
        #expect(grant.cpus == nil && grant.memory == nil && grant.end == nil && grant.submitted == nil)
    }

    @Test("an empty answer is no grant", arguments: ["", "\n", "cpu=1"])
    func empty(text: String) {
        #expect(throws: BatchError.self) { try SlurmGrant(line: text, columns: Self.columns) }
    }
}
