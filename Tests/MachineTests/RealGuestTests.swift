import Foundation
import Job
import Site
import Testing
import Unix

extension Trait where Self == ConditionTrait {
    /// For what takes minutes: `Tests/run --long` makes the image and names it.
    static var needsRealGuest: Self {
        .enabled(
            if: RealGuestTests.file != nil,
            "needs an image of Tests/guests/build, named in BIVOUAC_TEST_GUEST")
    }
}

/// Debian 12 with systemd, cloud-init and a contextualisation by OpenNebula's rules, as Tests/guests/build makes
/// it; none of that knows Bivouac.
@Suite("An image from elsewhere", .needsCluster, .needsRealGuest, .serialized, .alone)
struct RealGuestTests {
    static var file: String? { Unix.Process.environment("BIVOUAC_TEST_GUEST") }

    @Test(
        "runs a job, tells it features and notice, and ends early, by whichever context it looks for",
        arguments: ContextForm.allCases.map(Optional.some) + [nil])
    func runs(form: ContextForm?) async throws {
        let list = TestList("guests")
        try Files.remove(list.file)
        try Files.link(try #require(Self.file), to: list.file)
        try await list.publish([], form.map { "context = \"\($0.rawValue)\"" } ?? "")
        let job = try await GuestCheck.run(list, ["--mem=900M"], within: 600)
        let accounts = try #require(job.lines.first { $0.hasPrefix("root ") })
        #expect(accounts.contains(" \(Cluster.name) "))
        // Its usual account, which may become root, is made by cloud-init where nobody says otherwise.
        if form != .hepix { #expect(!accounts.contains(" debian ")) }
    }
}
