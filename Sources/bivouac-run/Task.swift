internal import Job
internal import Unix

/// What the launcher stands in the place of.
struct Task {
    let arguments: [[UInt8]]
    /// The program, where the arguments begin with another name.
    var program: BytePath?
    let script: Script?
    /// What of standard input has been read already.
    var input: [UInt8] = []
    /// Where the task will go at first; nil for where it is.
    var directory: BytePath?
}

/// The two ways to call the launcher.
enum Call {
    case command(Invocation)
    case starter(JobStarter)

    var root: String {
        switch self {
        case .command(let invocation): invocation.root
        case .starter(let starter): starter.root
        }
    }

    /// The step that the launcher is the container's runtime of; nil when it is none.
    var container: ContainerTask? {
        switch self {
        case .command(let invocation): invocation.container
        case .starter: nil
        }
    }

    func job() throws(Failure) -> JobID {
        switch self {
        case .command(let invocation):
            if let job = invocation.job { return job }
            return try LiveJob.id()
        case .starter(let starter): return starter.job
        }
    }

    /// `script` is where root's record says that the job's script lies.
    func task(script: String?) throws(Failure) -> Task {
        switch self {
        case .command(let invocation): Task(arguments: invocation.arguments, script: invocation.script)
        case .starter(let starter): try starter.task(script: script)
        }
    }
}
