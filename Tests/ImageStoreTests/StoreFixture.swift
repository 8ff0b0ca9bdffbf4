import Digest
import Fetch
import Foundation
import Job
import TestSupport
import Unix

@testable import ImageStore

/// A store of a test's own and files to fetch into it.
struct StoreFixture {
    let scratch: String
    let store: ImageStore

    static let now = Timestamp(seconds: 1_800_000_000)
    static let limit = ByteCount.mebibytes(1024)
    static let rules = TransferRules(over: HTTP.transport)

    static func with(_ body: (StoreFixture) throws -> Void) throws {
        try withScratch { scratch in
            try body(StoreFixture(scratch: scratch, store: ImageStore(directory: scratch + "/state/images")))
        }
    }

    /// Writes a file and describes it as a list would.
    func source(_ bytes: [UInt8], format: ImageFormat = .raw, name: String = "image.raw") throws
        -> ImageSource
    {
        let path = scratch + "/" + name
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        return ImageSource(
            digest: Sha512.digest(bytes), size: Int64(bytes.count), format: format, uri: "file://" + path)
    }

    @discardableResult
    func fetch(
        _ source: ImageSource, limit: ByteCount = limit, at now: Timestamp = now,
        needed: Set<ImageDigest> = [],
        seconds: Int = 10
    ) throws -> StoredImage {
        try store.fetch(source, limit: limit, now: now, before: Deadline(seconds: seconds), by: Self.rules) {
            ImageNeeds(needed, because: "a test")
        }
    }

    static func random(_ count: Int) -> [UInt8] {
        // As a disk: no first byte of another format.
        var state = UInt64.random(in: 1...(.max))
        var bytes: [UInt8] = [0]
        while bytes.count < count {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            bytes += [UInt8(truncatingIfNeeded: state), UInt8(truncatingIfNeeded: state >> 8)]
        }
        return Array(bytes.prefix(count))
    }

    /// A qcow2 file made by qemu-img.
    func qcow2(_ options: [String] = [], size: String = "10M", name: String = "image.qcow2") throws -> [UInt8]
    {
        let path = scratch + "/" + name
        let made = try run("/usr/bin/qemu-img", ["create", "-q", "-f", "qcow2"] + options + [path, size])
        guard made.status == 0 else { throw Failure(text: made.errors) }
        return [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    }

    struct Failure: Error { var text: String }

    /// Images in the store, and what fetches and evictions left.
    func leftovers() throws -> [String] {
        try Files.names(in: store.directory).filter {
            !["locks", "damaged", "pins"].contains($0)
        }
    }
}

/// The name of the refusal that the body throws.
func refusal(_ body: () throws -> Void) -> Refusal.Name? {
    do {
        try body()
        return nil
    } catch ImageStoreError.refused(let refusal) {
        return refusal.name
    } catch {
        return nil
    }
}
