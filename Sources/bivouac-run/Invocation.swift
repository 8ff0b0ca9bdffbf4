internal import Job
internal import Unix

/// How the launcher was called: as a script's interpreter, `#!/usr/libexec/bivouac/bivouac-run --`, in front of a
/// command, `bivouac-run [--root=ROOT] [--job=JOB] [--script=FILE] -- COMMAND [ARGUMENT...]`, or as a container's
/// runtime.
struct Invocation {
    static let usage =
        "usage: bivouac-run [--root=ROOT] [--job=JOB] [--script=FILE] [--environment=FILE] -- COMMAND "
        + "[ARGUMENT...], or "
        + "bivouac-run [--root=ROOT] --bundle=DIRECTORY --"

    /// Where the node's state lies; empty for `/`.
    ///
    /// From the arguments and nowhere else.
    let root: String
    /// The job, where no variable of the environment names it.
    let job: JobID?
    /// The payload's arguments; the first is the script or the command.
    let arguments: [[UInt8]]
    /// A file that goes into the machine: the one that was named, or the script whose first line named this call.
    let script: Script?
    /// The step that the launcher is the container's runtime of; nil when it is none.
    let container: ContainerTask?

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
        let values = try Self.values(options.dropLast())
        let root = values["--root="] ?? ""
        self.root = root == "/" ? "" : root
        job = values["--job="].flatMap { JobID($0) }
        if let bundle = values["--bundle="] {
            container = try ContainerTask(bundle: bundle)
        } else {
            container = try values["--environment="].map { (file) throws(Failure) in
                try ContainerTask(environment: file)
            }
        }
        if let words = container?.arguments, rest.isEmpty { rest = words }
        guard let first = rest.first, !first.isEmpty else { throw Failure(.usage, Self.usage) }
        if let file = values["--script="].flatMap({ BytePath(Array($0.utf8)) }) {
            script = try Script(whole: file)
        } else {
            script = container == nil ? try Script(rest[0], calledBy: arguments[0], with: arguments[1]) : nil
            if let script { rest[0] = script.path.bytes }
        }
        self.arguments = rest
    }

    /// The values of the options by their names; each comes once and is an absolute path, or a job's id.
    private static func values(_ options: ArraySlice<[UInt8]>) throws(Failure) -> [String: String] {
        var values: [String: String] = [:]
        for option in options {
            let names = ["--root=", "--job=", "--script=", "--environment=", "--bundle="]
            guard let name = names.first(where: { option.starts(with: $0.utf8) }), values[name] == nil,
                let value = value(of: name, in: option),
                name == "--job=" ? JobID(value) != nil : value.first == "/"
            else { throw Failure(.usage, usage) }
            values[name] = value
        }
        return values
    }

    private static func value(of name: String, in option: [UInt8]) -> String? {
        guard option.starts(with: name.utf8), let text = String(validating: option, as: UTF8.self) else {
            return nil
        }
        return String(text.dropFirst(name.utf8.count))
    }
}
