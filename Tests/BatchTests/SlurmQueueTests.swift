import Testing

@testable import Batch

@Suite("squeue's answer becomes the jobs that wait")
struct SlurmQueueTests {
    private let mark = "bivouac-1f"

    private func read(_ lines: String...) -> [WaitingJob] {
        SlurmWaiting.read(lines.map { $0 + "\n" }.joined(), mark: mark)
    }

    private func job(_ words: [String], uid: UInt32 = 1000, project: String = "physics") -> WaitingJob {
        let read = read("\(mark)|\(uid)|vm|1|\(project)|\(words.joined(separator: " "))")
        return read[0]
    }

    @Test("a line is a job with its words")
    func lines() throws {
        let jobs = read(
            "\(mark)|1000|vm|1|physics|image=demo/minimal night shift", "\(mark)|0|a,vm|4-8|(null)|(null)",
            "\(mark)|1001|a,vm|4|(null)|(null)")
        #expect(jobs.count == 2)
        #expect(jobs[0] == job(["image=demo/minimal", "night", "shift"]))
        #expect(jobs[1].uid == 1001 && jobs[1].queues == ["a", "vm"] && jobs[1].nodes == 4)
        #expect(jobs[1].project == "" && jobs[1].words == [])
    }

    @Test("an empty queue has no jobs")
    func empty() {
        #expect(SlurmWaiting.read("", mark: mark) == [])
        #expect(SlurmWaiting.read("\n", mark: mark) == [])
    }

    @Test(
        "a comment cannot make another job",
        arguments: [
            "a\n|1001|vm|1|x|image=demo/evil", "a\nbivouac-1e|1001|vm|1|x|image=demo/evil",
            "a\n1001|vm|1|x|image=demo/evil\n", "||||||", "a\n\n\nbivouac", "\u{0}\u{1B}[2J", "(null)",
            "image=\u{2028}demo/x",
        ])
    func hostile(comment: String) {
        let jobs = read("\(mark)|1000|vm|1|physics|\(comment)", "\(mark)|1002|vm|1|physics|image=demo/b")
        #expect(jobs.map(\.uid) == [1000, 1002])
        #expect(jobs.last?.words == ["image=demo/b"])
    }

    @Test("an endless comment is cut")
    func endless() {
        let jobs = read("\(mark)|1000|vm|1|p|" + String(repeating: "x ", count: 1 << 18))
        #expect(jobs[0].words.count <= 2048)
    }

    @Test("lines that are nobody's are no jobs", arguments: ["slurm_load_jobs error", "bivouac-1f", "|||||"])
    func nonsense(line: String) {
        #expect(read(line) == [])
    }
}

@Suite("A node's features in Slurm")
struct SlurmNodeTests {
    private let line =
        "NodeName=n1 Arch=x86_64 AvailableFeatures=gpu,bivouac_000000000000,avx ActiveFeatures=gpu,avx Gres=(null)"

    @Test("are read from what scontrol shows, with and without any")
    func read() throws {
        let node = try #require(NodeFeatures(slurm: line))
        #expect(
            node == NodeFeatures(available: ["gpu", "bivouac_000000000000", "avx"], active: ["gpu", "avx"]))
        let none = NodeFeatures(slurm: "NodeName=n1 AvailableFeatures=(null) ActiveFeatures=(null)")
        #expect(none == NodeFeatures(available: [], active: []))
        #expect(NodeFeatures(slurm: "Node n1 not found") == nil)
        #expect(node.isDrained == false)
    }

    @Test(
        "drains by the controller's word alone",
        arguments: [
            ("State=MIXED+DRAIN ", true), ("State=IDLE+DRAIN* ", true), ("State=MIXED ", false),
            ("State=MIXED Reason=was State=IDLE+DRAIN [root]", false),
        ])
    func drain(state: String, isDrained: Bool) throws {
        let line = "NodeName=n1 AvailableFeatures=(null) ActiveFeatures=(null) \(state)"
        let node = try #require(NodeFeatures(slurm: line))
        #expect(node.isDrained == isDrained && node.with(["bivouac_000000000000"]).isDrained == isDrained)
    }

    @Test("get ours in place of ours, and keep all others")
    func replaced() throws {
        let node = try #require(NodeFeatures(slurm: line))
        let next = node.with(["bivouac_b", "bivouac_a"])
        #expect(next.available == ["gpu", "avx", "bivouac_a", "bivouac_b"])
        #expect(next.active == ["gpu", "avx", "bivouac_a", "bivouac_b"])
        #expect(next.with(["bivouac_a", "bivouac_b"]) == next)
        #expect(next.with([]) == NodeFeatures(available: ["gpu", "avx"], active: ["gpu", "avx"]))
    }
}
