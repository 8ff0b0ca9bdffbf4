package import Unix

/// Why the agent could not do its work.
package enum AgentError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The machine has no virtio-serial port of that name.
    case noPort(String)
    /// Another agent has the port: there is one payload in a machine's life.
    case alreadyRunning
    /// The assignment cannot be read.
    case assignment(String)
    /// A path of the launch order lies where an image keeps what is its own.
    case forbiddenPlace(String)
    /// The script's directory is the image's.
    case occupiedPlace(String)
    /// The image's kernel cannot mount what the host has for the machine.
    case noFileSystem(String)
    case damagedUserDisk
    /// What was to be done, and what the kernel answered.
    case failed(String, UnixError)

    /// The kernel's error number, 0 when it is none.
    package var code: UInt32 {
        if case .failed(_, let error) = self { UInt32(error.code) } else { 0 }
    }

    package var description: String {
        switch self {
        case .noPort(let name): "the machine has no port \(name)"
        case .alreadyRunning: "another agent is running in this machine"
        case .assignment(let why): why
        case .forbiddenPlace(let path):
            "\(path) cannot be made in the machine: the place belongs to the image"
        case .occupiedPlace(let path):
            "\(path) cannot be written in the machine: its directory is the image's"
        case .noFileSystem(let type):
            "the image's kernel has no \(type), which this job's queue needs: choose another image or queue"
        case .damagedUserDisk: "the user's disk is damaged: have it removed (bivouac disk remove)"
        case .failed(let what, let error): "\(what): \(error)"
        }
    }

    /// Runs a step; a failure is told with what the step was for.
    static func during<Value: ~Copyable>(
        _ what: String, _ body: () throws(UnixError) -> Value
    ) throws(AgentError) -> Value {
        do throws(UnixError) { return try body() } catch { throw .failed(what, error) }
    }
}
