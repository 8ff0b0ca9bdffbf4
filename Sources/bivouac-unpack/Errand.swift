internal import Archive
internal import Job
internal import Unix

/// What the program is asked to do, by the store.
struct Errand {
    static let usage = """
        usage: bivouac-unpack unpack gzip|bzip2|xz|zstd SECONDS | appliance SECONDS | convert BYTES SECONDS
        """

    enum Kind {
        case unpack(ArchiveReader.Kind)
        /// The one disk of an OVA; its format is said in the end.
        case appliance
        /// Both files are open for it: a VMDK disk as standard input, an empty file as standard output.
        case convert
    }

    let kind: Kind
    /// Time of the processor, at most.
    let seconds: UInt64
    /// Bytes of a file that may be written.
    let fileSize: UInt64

    private static let filters: [String: ArchiveReader.Kind] = [
        "gzip": .gzip, "bzip2": .bzip2, "xz": .xz, "zstd": .zstd,
    ]

    /// Nil for words that make no sense.
    init?(_ words: [String]) {
        guard let seconds = words.last.flatMap({ UInt64($0) }) else { return nil }
        self.seconds = seconds
        switch (words.first, words.count) {
        case ("unpack", 3):
            guard let filter = Self.filters[words[1]] else { return nil }
            (kind, fileSize) = (.unpack(filter), 0)
        case ("appliance", 2): (kind, fileSize) = (.appliance, 0)
        case ("convert", 3):
            guard let size = UInt64(words[1]) else { return nil }
            (kind, fileSize) = (.convert, size)
        default: return nil
        }
    }

    /// The program's exit status.
    func run() throws(Refusal) -> Int32 {
        switch kind {
        case .unpack(let filter): return try Self.unpack(filter)
        case .appliance: return try Appliance.unpack()
        case .convert: return Self.convert()
        }
    }

    private static func unpack(_ filter: ArchiveReader.Kind) throws(Refusal) -> Int32 {
        do {
            let reader = try ArchiveReader.open(filter, from: 0)
            guard try reader.next() != nil else { throw Refusal(.BadContainer, "the packed image is empty") }
            return try Output.copy(reader) ? 0 : 69
        } catch let refusal as Refusal {
            throw refusal
        } catch {
            throw Refusal(.BadContainer, "the image is not packed as its list declares: \(error)")
        }
    }

    /// Becomes the converter, whose status is then the program's.
    private static func convert() -> Int32 {
        let words = ["convert", "-q", "-f", "vmdk", "-O", "qcow2", "/proc/self/fd/0", "/proc/self/fd/1"]
        guard let path = BytePath(Array("/usr/bin/qemu-img".utf8)) else { return 70 }
        let code = Execution(
            path: path, arguments: (["qemu-img"] + words).map { Array($0.utf8) },
            environment: [Array("LC_ALL=C".utf8)]
        ).perform()
        Process.report("/usr/bin/qemu-img: \(Process.reason(code))")
        return 69
    }
}

/// Where the image's bytes go.
enum Output {
    /// Copies what is left of the member to standard output and closes that; false when nobody reads it.
    static func copy(_ reader: borrowing ArchiveReader) throws(ArchiveError) -> Bool {
        let output = FileDescriptor(owning: 1)
        while true {
            let bytes = try reader.read(upTo: 1 << 18)
            if bytes.isEmpty { return true }
            do throws(UnixError) {
                try output.write(bytes)
            } catch {
                return false
            }
        }
    }
}
