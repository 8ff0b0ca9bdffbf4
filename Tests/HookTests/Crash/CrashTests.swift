import Foundation
import TestSupport
import Testing

/// The built programs killed, failed and interrupted at every step, on real machines.
///
/// They need what `Tests/run` brings up with its cluster: libvirt's account and directories.
@Suite("A node that something happens to", .serialized, .needsRoot, .needsCluster, .machineRooms)
struct CrashTests {
    /// Every moment, not a sample of them: `Tests/run --long`.
    static let isLong = ProcessInfo.processInfo.environment["BIVOUAC_TEST_LONG"] != nil

    /// Chooses the sample: the day, so that others are tried tomorrow; to be given to try the same again.
    static let seed =
        ProcessInfo.processInfo.environment["BIVOUAC_TEST_SEED"].flatMap { UInt64($0) }
        ?? UInt64(Date().timeIntervalSince1970 / 86_400)

    /// Some `count` of many, another choice with each seed; all of them in a long run.
    static func sample<Element>(_ all: [Element], _ count: Int) -> [Element] {
        guard !isLong, all.count > count, count > 0 else { return all }
        let stride = Double(all.count) / Double(count)
        let offset = Double(seed &* 7919 % 1000) / 1000
        return (0..<count).map { all[Int((Double($0) + offset) * stride) % all.count] }
    }
}

extension Trait where Self == ConditionTrait {
    /// For what uses the directories and accounts that `examples/single-node/up` makes.
    static var needsCluster: Self {
        .enabled(
            if: ProcessInfo.processInfo.environment["BIVOUAC_TEST_ROOT"] != nil,
            "needs the cluster that Tests/run brings up")
    }
}
