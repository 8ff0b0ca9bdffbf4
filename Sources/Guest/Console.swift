internal import Unix

/// A few lines of the agent on the machine's console, bounded; nothing of the job's data is ever among them.
package struct Console: ~Copyable {
    private static let limit = 200

    private let file: FileDescriptor?
    private var lines = 0

    package init(path: String) {
        file = try? FileDescriptor.open(path, [.write, .nonBlocking])
    }

    /// Writes one line, as long as the console takes any more.
    package mutating func say(_ line: String) {
        guard lines < Self.limit else { return }
        lines += 1
        let text = line.unicodeScalars.prefix(300).map { $0.value < 0x20 ? " " : Character($0) }
        switch file {
        case .some(let file): try? file.write("bivouac: \(String(text))\r\n")
        case nil: break
        }
    }
}
