import Foundation
import Testing

/// Makes what all tests of hooks share, once, and removes it when the last of them has ended.
struct Surroundings: SuiteTrait, TestScoping {
    /// Accounts that machines would run under.
    static let pool = "bivouac-test-hook"
    static let roomPool = "bivouac-test-crash"

    /// Stem of the accounts that are made, four of them.
    var pool = Self.pool

    @TaskLocal static var shared: Endorsement?

    /// For a test in a suite that has the trait.
    static func endorsement() throws -> Endorsement {
        guard let shared else { throw Harness.error("the suite has no surroundings") }
        return shared
    }

    func provideScope(
        for test: Test, testCase: Test.Case?, performing body: @Sendable () async throws -> Void
    )
        async throws
    {
        let installer = ["/bin/sh", Built.tree + "/hooks/install", "--pool", pool]
        try Launch.require(installer + ["--accounts", "4"])
        defer { _ = try? Launch.require(installer + ["--remove-accounts"]) }
        let endorsement = try Endorsement()
        defer { endorsement.remove() }
        try await Self.$shared.withValue(endorsement) { try await body() }
    }
}

extension Trait where Self == Surroundings {
    /// An authority, an endorser, an image, a list and accounts for machines.
    static var surroundings: Self { Self() }

    /// The same for machine rooms, whose accounts have another name: they may run beside.
    static var machineRooms: Self { Self(pool: Surroundings.roomPool) }
}
