internal import Job
internal import Unix

/// How the launcher was called: as a script's interpreter, `#!/usr/libexec/bivouac/bivouac-run --`, or in front
/// of a command, `bivouac-run [--root=ROOT] [--job=JOB] [--script=FILE] -- COMMAND [ARGUMENT...]`.
struct Invocation {
    static let usage =
        "usage: bivouac-run [--root=ROOT] [--job=JOB] [--script=FILE] -- COMMAND [ARGUMENT...]"

    /// Where the node's state lies; empty for `/`.
    ///
    /// From the arguments and nowhere else.
    let root: String
    /// The job, where no variable of the environment names it.
    let job: JobID?
    /// The payload's arguments; the first is the script or the command.
    let arguments: [[UInt8]]
    /// A file that the machine gets as well: the one that was named, or the script whose first line named this call.
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
        var root: String?
        var job: JobID?
        var file: BytePath?
        for option in options.dropLast() {
            if root == nil, let value = Self.value(of: "--root=", in: option),
                value.first == UInt8(ascii: "/")
            {
                root = value.count == 1 ? "" : String(validating: value, as: UTF8.self)
                guard root != nil else { throw Failure(.usage, Self.usage) }
            } else if job == nil, let value = Self.value(of: "--job=", in: option),
                let id = JobID(String(decoding: value, as: UTF8.self))
            {
                job = id
            } else if file == nil, let value = Self.value(of: "--script=", in: option),
                let path = BytePath(value), path.isAbsolute
            {
                file = path
            } else {
                throw Failure(.usage, Self.usage)
            }
        }
        guard let first = rest.first, !first.isEmpty else { throw Failure(.usage, Self.usage) }
        if let file {
            script = try Script(whole: file)
        } else {
            script = try Script(rest[0], calledBy: arguments[0], with: arguments[1])
            if let script { rest[0] = script.path.bytes }
        }
        self.root = root ?? ""
        self.job = job
        self.arguments = rest
    }

    private static func value(of name: String, in option: [UInt8]) -> [UInt8]? {
        option.starts(with: name.utf8) ? Array(option.dropFirst(name.utf8.count)) : nil
    }
}
