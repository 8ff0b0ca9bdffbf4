internal import Archive
package import Unix

extension Volume {
    /// Writes the disk image, ISO 9660 with Rock Ridge and Joliet, at the end of a file that is open for reading
    /// and writing; the file's position must be its end.
    package func write(to file: borrowing FileDescriptor) throws(ContextError) {
        let subject = "volume \(label)"
        let start = try ContextError.reading(subject) { () throws(UnixError) in try file.status().size }
        try ISO9660Writer.write(self, to: file)
        let head = try ContextError.reading(subject) { () throws(UnixError) in
            try file.read(upTo: ISO9660Head.limit, at: start)
        }
        guard let normalised = ISO9660Head.normalised(head, label: label) else {
            throw .malformedImage(volume: label)
        }
        try ContextError.reading(subject) { () throws(UnixError) in try file.write(normalised, at: start) }
    }

    /// Writes the disk image as a new file, which is the caller's to synchronize.
    package func write(newFile path: String, mode: UInt32) throws(ContextError) {
        let file = try ContextError.reading(path) { () throws(UnixError) in
            try FileDescriptor.open(path, [.readWrite, .create, .exclusive, .noFollow], mode: mode)
        }
        try write(to: file)
        try ContextError.reading(path) { () throws(UnixError) in try file.changeMode(mode) }
    }
}
