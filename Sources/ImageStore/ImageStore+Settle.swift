internal import Digest
internal import FoundationEssentials
internal import Job
internal import Unix

extension ImageStore {
    /// Makes a stored image of bytes that are the right ones: out of their packing, inspected, durable, and only
    /// then visible.
    func settle(
        _ source: ImageSource, in new: ImageDirectory, limit: ByteCount, now: Timestamp,
        before deadline: Deadline, by rules: TransferRules, report: (FetchEvent) -> Void,
        announce: Announce, needed: Needed
    ) throws(ImageStoreError) -> StoredImage {
        var storedDigest: ImageDigest?
        if source.packing != .plain {
            report(.unpacking(source.packing))
            try Self.files { () throws(UnixError) in _ = try Files.remove(new.image) }
            let unpacking = Unpacking(
                new: new, limit: min(limit.bytes, Int64(QcowInspection.virtualSizeLimit)), deadline: deadline,
                program: rules.unpacker)
            storedDigest = try unpacking.run(source.packing)
        }
        let file = try Self.files { () throws(UnixError) in
            try FileDescriptor.open(new.image, [.read, .noFollow])
        }
        let size = try Self.files { () throws(UnixError) in try file.status().size }
        if source.packing != .plain {
            try makeRoom(
                for: size, of: source, limit: limit, before: deadline, announce: announce, needed: needed)
        }
        let virtualSize = try Self.virtualSize(of: file, source.format, size: size)
        try announce(source.digest, .fetched)
        return try Self.files { () throws(UnixError) in
            let (identity, verity) = try Self.seal(new.image)
            let image = StoredImage(
                digest: source.digest, format: source.format, size: size, virtualSize: virtualSize,
                uri: source.uri, fetched: now, identity: identity, claim: source.claim, verity: verity,
                storedDigest: storedDigest)
            guard let entry = try? Self.encoder.encode(image) else {
                throw UnixError("encode", UnixError.invalid)
            }
            try Files.remove(new.holder)
            try Files.remove(new.packed)
            try Files.write([UInt8](entry), to: new.entry)
            try Files.rename(new.path, to: place(source.digest).path)
            try Files.synchronize(directory: directory)
            return image
        }
    }

    /// The length of the disk in a file, which is refused when it is not what it is declared to be.
    static func virtualSize(of file: borrowing FileDescriptor, _ format: ImageFormat, size: Int64)
        throws(ImageStoreError) -> Int64
    {
        switch format {
        case .raw: try RawInspection.virtualSize(of: file, size: size)
        case .qcow2: try QcowInspection.virtualSize(of: file, size: size)
        }
    }

    static var encoder: JSONEncoder {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        return encoder
    }
}
