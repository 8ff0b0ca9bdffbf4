internal import Difference
internal import Digest
internal import Disk
internal import JSON
internal import Unix

/// What the program is asked to do, by `bivouac evidence diff`.
enum Errand {
    static let usage = """
        usage: bivouac-difference raw|qcow2 3<IMAGE 4<OVERLAY
               bivouac-difference serve raw|qcow2 START SIZE 3<IMAGE 4<OVERLAY 5<SOCKET 6<SOCKET
               bivouac-difference trees 3<ARCHIVE 4<ARCHIVE 5>PROGRESS
               bivouac-difference look ACCOUNT DIRECTORY KIND kvm|tcg
        (run by bivouac evidence diff)
        """

    /// Compares the disk open as 4 with the image open as 3, and writes the difference as JSON.
    case compare(format: String)
    /// Serves a part of the image open as 3 on the socket 5, and that of the disk open as 4 on 6.
    case serve(format: String, start: UInt64, size: UInt64)
    /// Compares the tar archives that come from 3 and 4; says on 5 how far it is.
    case trees
    /// Writes a file system as a tar archive.
    case look(Guestfish)

    /// Nil for words that make no sense.
    init?(_ words: [String]) {
        func format(_ word: String) -> String? { ["raw", "qcow2"].contains(word) ? word : nil }
        switch (words.first, words.count) {
        case ("serve", 4):
            guard let format = format(words[1]), let start = UInt64(words[2]), let size = UInt64(words[3])
            else { return nil }
            self = .serve(format: format, start: start, size: size)
        case ("trees", 1): self = .trees
        case ("look", 5):
            guard let account = UInt32(words[1]), ["kvm", "tcg"].contains(words[4]) else { return nil }
            self = .look(
                Guestfish(
                    account: account, directory: words[2], isBtrfs: words[3] == "btrfs",
                    usesKVM: words[4] == "kvm"))
        case (let word?, 1):
            guard let format = format(word) else { return nil }
            self = .compare(format: format)
        default: return nil
        }
    }

    /// The program's exit status.
    func run() throws -> Int32 {
        switch self {
        case .compare(let format):
            try Confinement.enter(keeping: 5)
            let (base, disk) = try Self.disks(format)
            Process.print(try Difference.between(base, disk).json.description + "\n")
        case .serve(let format, let start, let size):
            try Confinement.enter(keeping: 7, accepting: true)
            let (base, disk) = try Self.disks(format)
            try BlockServer([
                5: BlockExport(base, start: start, size: size),
                6: BlockExport(disk, start: start, size: size),
            ]).run()
        case .trees:
            // libcrypto reads its settings when it is used for the first time.
            _ = Sha256.hex([])
            try Confinement.enter(keeping: 6)
            let progress = FileDescriptor(owning: 5)
            var part = Difference.Part(name: "", start: 0, size: 0, kind: "", changedBytes: 0)
            try part.compare(before: FileDescriptor(owning: 3), after: FileDescriptor(owning: 4)) {
                try? progress.write("bivouac: \($0)\n")
            }
            Process.print(Difference(parts: [part], findings: [], outsideBytes: 0).json.description + "\n")
        case .look(let guestfish):
            let code = try guestfish.become()
            throw UnixError("execve", code, Guestfish.program)
        }
        return 0
    }

    private static func disks(_ format: String) throws(DiskError) -> (any DiskImage, QcowImage) {
        let file = FileDescriptor(owning: 3)
        let base: any DiskImage = format == "raw" ? try RawImage(file) : try QcowImage(file)
        return (base, try QcowImage(FileDescriptor(owning: 4), over: base))
    }
}
