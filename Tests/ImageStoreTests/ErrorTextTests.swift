import Digest
import Job
import Testing
import Unix

@testable import ImageStore

@Suite("What the image store says when it cannot")
struct ImageStoreErrorTests {
    private static let mebibyte: Int64 = 1 << 20

    @Test("says what, which image and why, and never blames the job for the node")
    func texts() throws {
        let digest = try #require(ImageDigest(String(repeating: "ab", count: 64)))
        let texts: [(ImageStoreError, Blame, String)] = [
            (.refused(.ChecksumMismatch, "no"), .job, "ChecksumMismatch: no"),
            (.inUse(digest), .node, "could not evict the image abababababab: it is needed"),
            (
                .full(needed: Self.mebibyte, limit: 2 * Self.mebibyte, held: 3 * Self.mebibyte), .node,
                "could not store an image of 1 MiB: the store's limit is 2 MiB, and images that are needed take "
                    + "3 MiB (raise [store] limit in site.toml)"
            ),
            (
                .noSpace(needed: Self.mebibyte, free: 0, path: "/i"), .node,
                "could not store an image of 1 MiB: /i: 0 B free"
            ),
            (
                .unknownNeeds("why"), .node,
                "could not evict any image: what is needed is not known: why"
            ),
            (
                .busy(digest), .node,
                "could not fetch the image abababababab: another process is still at it"
            ),
            (
                .file(UnixError("open", UnixError.noEntry, "/i")), .node,
                "could not use the image store: /i: No such file or directory (open)"
            ),
        ]
        for (error, blame, text) in texts {
            #expect(error.description == text)
            #expect(error.blame == blame)
        }
    }

    @Test("a format that is not kept is named")
    func formats() {
        let unknown = #expect(throws: Refusal.self) { try ImageFormat(declared: "vmdk") }
        #expect(unknown?.message == "images of the format 'vmdk' are not supported: raw and qcow2 are")
        let missing = #expect(throws: Refusal.self) { try ImageFormat(declared: nil) }
        #expect(missing?.message == "the image list does not say which format the image has (hv:format)")
    }
}
