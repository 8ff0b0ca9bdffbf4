internal import Archive
package import Unix

extension Volume {
    /// Writes the disk image, ISO 9660 with Rock Ridge and Joliet, to an empty file that is open for reading
    /// and writing.
    package func write(to file: borrowing FileDescriptor) throws(ContextError) {
        try ISO9660Writer.write(self, to: file)
        let subject = "volume \(label)"
        let head = try ContextError.reading(subject) { () throws(UnixError) in
            try file.read(upTo: ISO9660Dates.headLimit, at: 0)
        }
        guard let normalised = ISO9660Dates.normalised(head) else { throw .malformedImage(volume: label) }
        try ContextError.reading(subject) { () throws(UnixError) in try file.write(normalised, at: 0) }
    }

    /// Writes the disk image as a new file, durably; the directory is the caller's to synchronize.
    package func write(newFile path: String, mode: UInt32) throws(ContextError) {
        let file = try ContextError.reading(path) { () throws(UnixError) in
            try FileDescriptor.open(path, [.readWrite, .create, .exclusive, .noFollow], mode: mode)
        }
        try write(to: file)
        try ContextError.reading(path) { () throws(UnixError) in
            try file.changeMode(mode)
            try file.synchronize(path)
        }
    }
}
