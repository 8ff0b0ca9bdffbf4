internal import Unix

/// `job_starter.conf` beside the program: a word and its value a line, written by `bivouac doctor --write-hooks`.
///
/// Root's file, or nothing runs.
struct JobStarterSettings {
    private static let longest = 1 << 20

    /// Relocates the node's state; empty on a production node.
    private(set) var root = ""
    private(set) var queues: [String] = []
    /// Whether MOM starts login shells, as it does unless its `$source_login_batch` is false.
    private(set) var isLogin = true
    /// The same for interactive jobs: `$source_login_interactive`.
    private(set) var isInteractiveLogin = true

    init(_ path: String) throws(Failure) {
        do throws(UnixError) {
            let file = try FileDescriptor.open(path, [.read, .nonBlocking])
            let status = try file.status()
            guard status.kind == .regular, status.uid == 0, status.mode & 0o022 == 0 else {
                throw UnixError("open", UnixError.notPermitted, path)
            }
            let text = String(decoding: try file.readAll(limit: Self.longest), as: UTF8.self)
            for line in text.split(separator: "\n") where !line.hasPrefix("#") {
                let word = line.prefix { $0 != " " }
                let value = String(line.dropFirst(word.count + 1))
                switch (word, value) {
                case ("root", _): root = value
                case ("queue", _): queues.append(value)
                case ("login", "yes"): isLogin = true
                case ("login", "no"): isLogin = false
                case ("interactive_login", "yes"): isInteractiveLogin = true
                case ("interactive_login", "no"): isInteractiveLogin = false
                default: throw UnixError("read", UnixError.invalid, path)
                }
            }
            guard !queues.isEmpty else { throw UnixError("read", UnixError.invalid, path) }
        } catch { throw Failure(.configuration, "the node is not set up: \(error)") }
    }
}
