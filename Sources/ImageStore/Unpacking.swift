internal import Digest
internal import Job
internal import Unix

/// Takes an image out of its packing: another program, without rights, reads what came and hands over the
/// image's bytes; this side bounds, hashes and writes them, and believes nothing else.
struct Unpacking {
    let new: ImageDirectory
    /// Bytes of an image, at most.
    let limit: Int64
    let deadline: Deadline
    /// `bivouac-unpack`.
    let program: String

    /// Bytes that are written between two looks at the room that is left.
    private static let roomInterval: Int64 = 64 << 20

    /// Makes `new.image` from `new.packed`; the digest of what was made.
    func run(_ packing: Packing) throws(ImageStoreError) -> ImageDigest {
        if packing != .ova {
            return try receive(["unpack", packing.rawValue], from: new.packed, into: new.image).digest
        }
        let (digest, word) = try receive(["appliance"], from: new.packed, into: new.disk)
        switch word {
        case "qcow2":
            try ImageStore.files { () throws(UnixError) in try Files.rename(new.disk, to: new.image) }
            return digest
        case "vmdk": return try convert()
        default: throw .unpacker("\(program) says '\(word.prefix(32))' of the disk")
        }
    }

    /// Runs the program with a file as its input, and writes what it says to another.
    private func receive(_ words: [String], from input: String, into output: String)
        throws(ImageStoreError) -> (digest: ImageDigest, word: String)
    {
        let source = try open(input, [.read])
        let file = try open(output, [.write, .create, .truncate])
        let pipe = try ImageStore.files { () throws(UnixError) in try Pipe() }
        let child = try UnpackingChild(
            program, words, input: source.rawValue, output: pipe.writer.rawValue, deadline: deadline)
        let reader = pipe.intoReader()
        var hash = Sha512()
        var count: Int64 = 0
        var checked: Int64 = 0
        while true {
            try child.wait(for: reader.rawValue)
            let bytes = try ImageStore.files { () throws(UnixError) in try reader.read(upTo: 1 << 18) }
            if bytes.isEmpty { break }
            guard Int64(bytes.count) <= limit - count else {
                throw .refused(
                    .TooLarge,
                    "the image unpacks to more than \(ByteCount(limit)): [store] limit in site.toml")
            }
            hash.update(bytes)
            let place = count
            try ImageStore.files { () throws(UnixError) in try file.writeSparsely(bytes, at: place) }
            count += Int64(bytes.count)
            if count - checked >= Self.roomInterval {
                checked = count
                _ = try room()
            }
        }
        let word = try child.end()
        let length = count
        try ImageStore.files { () throws(UnixError) in try file.truncate(to: length) }
        return (hash.finish(), word)
    }

    /// Makes qcow2 of a VMDK disk.
    ///
    /// The converter has the two open files and nothing else; what it wrote is copied to where it has never
    /// been.
    private func convert() throws(ImageStoreError) -> ImageDigest {
        let disk = try open(new.disk, [.read])
        try VmdkInspection.check(disk)
        let converted = try open(new.converted, [.readWrite, .create, .truncate])
        let file = try open(new.image, [.write, .create, .exclusive])
        try ImageStore.files { () throws(UnixError) in
            // Nobody else comes this far: the directory is root's alone.
            try disk.changeMode(0o444)
            try converted.changeMode(0o666)
        }
        let most = min(limit, try room())
        let child = try UnpackingChild(
            program, ["convert", "\(most)"], input: disk.rawValue, output: converted.rawValue,
            deadline: deadline)
        try child.wait(for: nil)
        _ = try child.end()
        try ImageStore.files { () throws(UnixError) in _ = try Files.remove(new.disk) }
        var hash = Sha512()
        var count: Int64 = 0
        while true {
            let place = count
            let bytes = try ImageStore.files { () throws(UnixError) in
                try converted.read(upTo: 1 << 20, at: place)
            }
            if bytes.isEmpty { break }
            guard Int64(bytes.count) <= most - count else {
                throw .refused(.TooLarge, "the disk converts to more than \(ByteCount(most))")
            }
            hash.update(bytes)
            try ImageStore.files { () throws(UnixError) in try file.writeSparsely(bytes, at: place) }
            count += Int64(bytes.count)
        }
        let length = count
        try ImageStore.files { () throws(UnixError) in
            try file.truncate(to: length)
            try Files.remove(new.converted)
        }
        return hash.finish()
    }

    /// Bytes that may still be written; what is reserved for running machines is not among them.
    private func room() throws(ImageStoreError) -> Int64 {
        let free = try ImageStore.files { () throws(UnixError) in try Files.freeSpace(new.path) }
        guard free > ImageStore.reserve else {
            throw .full(
                SpaceShortage(
                    needed: Self.roomInterval, bound: .fileSystem(new.path), limit: free, holders: []))
        }
        return free - ImageStore.reserve
    }

    private func open(_ path: String, _ flags: FileDescriptor.Flags) throws(ImageStoreError) -> FileDescriptor
    {
        try ImageStore.files { () throws(UnixError) in
            try FileDescriptor.open(path, flags.union(.noFollow), mode: 0o400)
        }
    }
}
