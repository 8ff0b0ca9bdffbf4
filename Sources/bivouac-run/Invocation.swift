internal import Unix

/// How the launcher was called: as a script's interpreter, `#!/usr/libexec/bivouac/bivouac-run --`, or in front
/// of a command, `bivouac-run [--root=ROOT] -- COMMAND [ARGUMENT...]`.
struct Invocation {
    static let usage = "usage: bivouac-run [--root=ROOT] -- COMMAND [ARGUMENT...]"

    /// Where the node's state lies; empty for `/`.
    ///
    /// From the arguments and nowhere else.
    let root: String
    /// The payload's arguments; the first is the script or the command.
    let arguments: [[UInt8]]
    /// The script file, when it is one whose first line named this call.
    let script: Script?

    /// Reads the arguments as the kernel gave them.
    init(_ arguments: [[UInt8]]) throws(Failure) {
        guard arguments.count >= 2 else { throw Failure(.usage, Self.usage) }
        // The kernel passes everything behind an interpreter's path as one argument.
        var options = arguments[1].split(separator: 0x20).map { Array($0) }
        var rest = Array(arguments.dropFirst(2))
        if options.last != Array("--".utf8) {
            guard let dashes = rest.firstIndex(of: Array("--".utf8)) else {
                throw Failure(.usage, Self.usage)
            }
            options = [arguments[1]] + rest[...dashes]
            rest.removeSubrange(...dashes)
        }
        var root = ""
        for option in options.dropLast() {
            guard let value = Self.value(of: "--root=", in: option), root.isEmpty, value.first == "/" else {
                throw Failure(.usage, Self.usage)
            }
            root = value == "/" ? "" : value
        }
        guard let first = rest.first, !first.isEmpty else { throw Failure(.usage, Self.usage) }
        script = try Script(rest[0], calledBy: arguments[0], with: arguments[1])
        if let script { rest[0] = script.path.bytes }
        self.root = root
        self.arguments = rest
    }

    private static func value(of name: String, in option: [UInt8]) -> String? {
        guard option.starts(with: name.utf8), let text = String(validating: option, as: UTF8.self) else {
            return nil
        }
        return String(text.dropFirst(name.utf8.count))
    }
}
