internal import Job
internal import Unix

/// Calls of a batch system's commands, each bounded in time and in what it may say.
struct BatchProgram: Sendable {
    /// Where the commands may be, the first that has one counts.
    let directories: [String]
    let environment: [String]
    /// The end of each call.
    let seconds: Int

    func start(_ name: String, _ arguments: [String], outputLimit: Int = 1 << 20) throws(BatchError)
        -> Child
    {
        let path = directories.map { $0 + "/" + name }.first { Files.exists($0) }
        guard let path else {
            throw BatchError(.node, "\(name) is in none of \(directories.joined(separator: ", "))")
        }
        do {
            return try Child.start(
                path, arguments, environment: environment, seconds: seconds, outputLimit: outputLimit)
        } catch {
            throw BatchError(.node, "could not run \(path): \(error)")
        }
    }

    func answer(of child: inout Child, _ name: String) throws(BatchError) -> Child.Result {
        do {
            return try child.wait()
        } catch {
            throw BatchError(.node, "could not hear \(name): \(error)")
        }
    }

    func run(_ name: String, _ arguments: [String], outputLimit: Int = 1 << 20) throws(BatchError)
        -> Child.Result
    {
        var child = try start(name, arguments, outputLimit: outputLimit)
        return try answer(of: &child, name)
    }

    /// What an answer that is none says.
    func failure(_ name: String, _ answer: Child.Result) -> BatchError {
        switch answer.end {
        case .overTime: return BatchError(.node, "\(name) did not answer within \(seconds) s")
        case .overOutput: return BatchError(.node, "\(name) answered without end")
        case .exited, .killed:
            let words = String(decoding: answer.errors.prefix(300), as: UTF8.self)
            return BatchError(.node, "\(name) failed: \(words.split(separator: "\n").joined(separator: " "))")
        }
    }
}
