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
            (
                .inUse(digest, ["pinned", "2 machines"]), .node,
                "could not evict the image abababababab: pinned, 2 machines"
            ),
            (
                .full(
                    SpaceShortage(
                        needed: Self.mebibyte, bound: .store, limit: 2 * Self.mebibyte,
                        holders: [ImageHolder(name: "a/b", size: Self.mebibyte, reasons: ["pinned"])])), .job,
                "could not store an image of 1 MiB: the store's limit is 2 MiB ([store] limit in site.toml); needed "
                    + "are a/b (1 MiB: pinned)"
            ),
            (
                .full(
                    SpaceShortage(
                        needed: Self.mebibyte, bound: .fileSystem("/i"), limit: Self.mebibyte, holders: [])),
                .node,
                "could not store an image of 1 MiB: /i: 1 MiB can be had; nothing is in its way"
            ),
            (.unrecorded("why"), .node, "could not tell what becomes of an image: why"),
            (
                .unknownNeeds("why"), .node,
                "could not evict any image: what is needed is not known: why"
            ),
            (
                .busy(digest), .node,
                "could not fetch the image abababababab: another process is still at it"
            ),
            (
                .late(digest, have: 1, of: 2), .node,
                "could not fetch the image abababababab in time: 1 of 2 bytes are here, and the next fetch goes on "
                    + "from there"
            ),
            (.unpacker("why"), .node, "could not unpack the image: why"),
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
        let unknown = #expect(throws: Refusal.self) { try ImageFormat.declared("vdi") }
        #expect(
            unknown?.message
                == "images of the format 'vdi' are not supported: raw and qcow2 are, as they are or with .gz, "
                + ".bz2, .xz or .zst, and ova")
        let missing = #expect(throws: Refusal.self) { try ImageFormat.declared(nil) }
        #expect(missing?.message == "the image list does not say which format the image has (hv:format)")
    }
}
