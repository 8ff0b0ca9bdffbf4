import GuestProtocol
import Job
import JobMachine
import Site
import Testing

@Suite("Machine and job features")
struct JobFeaturesTests {
    private func job(end: Int64?) throws -> Job {
        Job(
            key: try #require(JobKey("demo-4711")), attempt: 0,
            account: Account(
                name: "eve", uid: 1000, gid: 100, groups: [], home: "/home/eve", shell: "/bin/sh"),
            queue: "vm", project: "", nodes: 1,
            resources: Resources(
                cpus: 4, memory: .mebibytes(2048), end: end.map { Timestamp(seconds: $0) }),
            words: [])
    }

    private func table(_ features: [Assignment.Feature]) -> [String: String] {
        Dictionary(uniqueKeysWithValues: features.map { ($0.key, $0.value) })
    }

    @Test("are every key of HSF-TN-2016-02 that the grant says")
    func all() throws {
        let features = JobFeatures(job: try job(end: 5000), grace: 25, hs06: Benchmark("12.5"))
        #expect(table(features.machine) == ["total_cpu": "4", "grace_secs": "25", "hs06": "50"])
        #expect(
            table(features.job(memory: .mebibytes(1952), start: Timestamp(seconds: 1400))) == [
                "allocated_cpu": "4", "hs06_job": "50", "job_id": "4711", "jobstart_secs": "1400",
                "wall_limit_secs": "3600", "cpu_limit_secs": "14400", "max_rss_bytes": "2046820352",
                "max_swap_bytes": "0", "grace_secs_job": "25", "shutdowntime_job": "4995",
            ])
    }

    @Test("leave out what is not known")
    func unknown() throws {
        let features = JobFeatures(job: try job(end: nil), grace: 25, hs06: nil)
        let keys = Set(table(features.job(memory: .mebibytes(1), start: Timestamp(seconds: 1))).keys)
        #expect(keys.isDisjoint(with: ["wall_limit_secs", "cpu_limit_secs", "shutdowntime_job", "hs06_job"]))
        #expect(table(features.machine)["hs06"] == nil)
    }

    @Test(
        "give a benchmark without superfluous digits",
        arguments: [
            ("12.5", 1, "12.5"), ("12.25", 2, "24.5"), ("0.05", 1, "0.05"), ("10", 3, "30"), ("1.00", 1, "1"),
        ])
    func benchmark(text: String, cpus: Int, product: String) throws {
        #expect((try #require(Benchmark(text)) * cpus).description == product)
    }

    @Test("refuse what is no benchmark", arguments: ["", ".5", "1.", "1.234", "-1", "1e3", "a", "1.2.3"])
    func noBenchmark(text: String) { #expect(Benchmark(text) == nil) }
}
