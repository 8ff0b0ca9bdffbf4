internal import FoundationEssentials
internal import Unix

/// Who fetches an image at the moment; for those who wait, and believed by nothing.
package struct Holder: Hashable, Sendable, Codable {
    package let pid: Int32
    /// The verb or job it is for.
    package let purpose: String

    /// Of this process.
    init(purpose: String) {
        pid = Process.id
        self.purpose = purpose
    }

    /// Leaves word; it need not outlive a crash.
    func write(to path: String) throws(UnixError) {
        guard let bytes = try? JSONEncoder().encode(self) else { return }
        try FileDescriptor.open(path, [.write, .create, .truncate, .noFollow]).write([UInt8](bytes))
    }

    /// Nil when nobody left word, or not all of it.
    static func read(_ path: String) -> Holder? {
        guard let bytes = try? Files.read(path, limit: 4096) else { return nil }
        return try? JSONDecoder().decode(Holder.self, from: Data(bytes))
    }
}
