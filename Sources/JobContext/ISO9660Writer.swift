internal import Archive
internal import Unix

extension ISO9660Writer {
    /// Writes a volume's image to an open file at its position; its dates are still those of the moment.
    static func write(_ volume: Volume, to file: borrowing FileDescriptor) throws(ContextError) {
        let descriptor = file.rawValue
        let writer = try archiving(volume) { () throws(ArchiveError) in
            try ISO9660Writer.open(to: descriptor)
        }
        do throws(ArchiveError) {
            for directory in volume.directories { try writer.add(directory: directory) }
        } catch {
            throw failure(error, volume)
        }
        for file in volume.files { try writer.add(file, to: volume) }
        do throws(ArchiveError) {
            try writer.close()
        } catch {
            throw failure(error, volume)
        }
    }

    private borrowing func add(_ file: Volume.File, to volume: Volume) throws(ContextError) {
        switch file.content {
        case .bytes(let bytes):
            try begin(file, size: Int64(bytes.count), in: volume)
            try add(bytes, in: volume)
        case .copy(let path):
            let source = try ContextError.reading(path) { () throws(UnixError) in
                try FileDescriptor.open(path, [.read, .nonBlocking])
            }
            let status = try ContextError.reading(path) { () throws(UnixError) in try source.status() }
            guard status.kind == .regular else { throw .file(UnixError("open", UnixError.invalid, path)) }
            try begin(file, size: status.size, in: volume)
            try copy(source, path: path, size: status.size, in: volume)
        }
    }

    private borrowing func copy(
        _ source: borrowing FileDescriptor, path: String, size: Int64, in volume: Volume
    ) throws(ContextError) {
        var rest = size
        while rest > 0 {
            let bytes: [UInt8]
            do throws(UnixError) {
                bytes = try source.read(upTo: Int(min(rest, 1 << 20)))
            } catch {
                throw .file(UnixError(error.call, error.code, path))
            }
            guard !bytes.isEmpty else { throw .file(UnixError("read", UnixError.invalid, path)) }
            try add(bytes, in: volume)
            rest -= Int64(bytes.count)
        }
    }

    private borrowing func begin(_ file: Volume.File, size: Int64, in volume: Volume) throws(ContextError) {
        do throws(ArchiveError) {
            try begin(file.name, mode: file.mode, size: size)
        } catch {
            throw Self.failure(error, volume)
        }
    }

    private borrowing func add(_ bytes: [UInt8], in volume: Volume) throws(ContextError) {
        do throws(ArchiveError) {
            try add(bytes)
        } catch {
            throw Self.failure(error, volume)
        }
    }

    private static func archiving<Result: ~Copyable>(
        _ volume: Volume, _ body: () throws(ArchiveError) -> Result
    ) throws(ContextError) -> Result {
        do throws(ArchiveError) {
            return try body()
        } catch {
            throw failure(error, volume)
        }
    }

    private static func failure(_ error: ArchiveError, _ volume: Volume) -> ContextError {
        .archive(call: error.call, volume: volume.label, message: error.message)
    }
}
