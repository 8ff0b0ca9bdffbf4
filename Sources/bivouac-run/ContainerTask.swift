internal import GuestProtocol
internal import JSON
internal import Unix

/// What slurmstepd hands to a container's runtime about the task that it is to be, see oci.conf(5).
struct ContainerTask {
    /// In bytes, quotes and all.
    private static let longest = 2 * Begin.longestOrder

    /// `NAME=value` each.
    let environment: [[UInt8]]
    /// The task's words where they do not come as the runtime's own.
    let arguments: [[UInt8]]?
    /// The task's working directory where the runtime is not started there.
    var directory: BytePath?

    /// Reads `NAME=value` strings, each with a zero byte behind it: Slurm from 23.02 on.
    init(environment file: String) throws(Failure) {
        environment = try Self.read(file).split(separator: 0).map { Array($0) }
        arguments = nil
    }

    /// Reads `config.json` of a bundle that slurmstepd made, as the OCI's runtime specification has it: Slurm
    /// 22.05, which leaves the task's directory to `PWD`.
    init(bundle: String) throws(Failure) {
        let path = bundle + "/config.json"
        let bytes = try Self.read(path)
        let process: JSON?
        do throws(JSONError) {
            process = try JSON(parsing: bytes, limits: JSON.Limits(bytes: Self.longest))["process"]
        } catch {
            throw Failure(.configuration, "\(path) is damaged: \(error.description)")
        }
        let strings = [process?["env"], process?["args"]].map { list in
            list?.elements?.compactMap { $0.text.map { Array($0.utf8) } } ?? []
        }
        environment = strings[0]
        arguments = strings[1]
        directory = environment.first { $0.starts(with: "PWD=/".utf8) }.flatMap {
            BytePath(Array($0.dropFirst(4)))
        }
    }

    private static func read(_ path: String) throws(Failure) -> [UInt8] {
        do throws(UnixError) { return try Files.read(path, limit: longest) } catch {
            throw Failure(.configuration, "what Slurm says of the step cannot be read: \(error)")
        }
    }
}
