import Digest
import ImageStore
import Unix

/// What the prologue does to make an overlay, as a process of its own: `bivouac-bench store` compares it with
/// qemu-img, which is one.
func run(_ words: [String]) -> Int32 {
    guard words.count == 3, let digest = ImageDigest(words[1]) else {
        Process.report("usage: bivouac-bench-overlay STORE SHA512 FILE")
        return 64
    }
    do throws(ImageStoreError) {
        let base = try ImageStore(directory: words[0]).open(digest)
        try Overlay.create(at: words[2], over: base, uid: Process.effectiveUser, gid: 0)
        return 0
    } catch {
        Process.report("bivouac-bench-overlay: \(error)")
        return 69
    }
}

Process.end(run(Array(CommandLine.arguments.dropFirst())))
