import Foundation
import Job
import Testing

@testable import Batch

@Suite("The jobs that MOM has")
struct OpenPBSJobsTests {
    private func states(_ told: String?, _ ids: [String] = ["1", "2", "3"]) throws -> [JobID: JobState] {
        try OpenPBSJobs(told: told).states(of: ids.compactMap { JobID($0) }, at: Timestamp(seconds: 0))
    }

    @Test("run when they have a session, have hooks at work before, and are gone when MOM has forgotten them")
    func stages() throws {
        let states = try states(
            """
            [{"id":"1.pbs","run_version":"4","walltime":"00:01:00","session_id":"77"},{"id":"2.pbs"}]
            """)
        let one = try #require(JobID("1")), two = try #require(JobID("2"))
        #expect(states[one] == JobState(.running, attempt: 4, limit: .after(60)))
        #expect(states[two] == JobState(.busy, attempt: nil, limit: .never))
        #expect(states.count == 2)
        #expect(try self.states("[]").isEmpty)
    }

    @Test("are unknown when the hook did not tell, or what it told cannot be read: nothing is touched")
    func unknown() {
        for told in [nil, "", "{}", "null", "[7]", "[{\"id\":\"/\"}]", "[{\"id\":\"1\"}"] {
            #expect(throws: BatchError.self, "\(told ?? "nil")") { try states(told) }
        }
    }
}
