package import Job
internal import Unix

/// A call of a hook program: everything that a batch system can tell one.
package struct HookCall {
    package var moment: Moment
    /// Behind the batch system's name; what is no UTF-8 is repaired, and will not be a job id or a user.
    package var arguments: [String]
    package var environment: (String) -> String?
    /// Standard input to its end, for a batch system that writes there; bounded.
    package var input: () throws(BatchError) -> [UInt8]

    private static let longestInput = 1 << 20

    package init(
        _ moment: Moment, arguments: [String] = [], environment: @escaping (String) -> String? = { _ in nil },
        input: @escaping () throws(BatchError) -> [UInt8] = { () throws(BatchError) in [] }
    ) {
        self.moment = moment
        self.arguments = arguments
        self.environment = environment
        self.input = input
    }

    /// The call of this program; read before its surroundings are made known.
    private static func current(_ moment: Moment, _ arguments: [String]) -> HookCall {
        HookCall(
            moment, arguments: arguments, environment: { Process.environment($0) }, input: standardInput)
    }

    private static func standardInput() throws(BatchError) -> [UInt8] {
        do throws(UnixError) {
            return try FileDescriptor.open("/dev/stdin", .read).readAll(limit: longestInput)
        } catch {
            throw BatchError(.node, "could not read what the batch system says: \(error)")
        }
    }

    /// A moment in the life of a job that a batch system calls a hook at.
    package enum Moment: Sendable { case prologue, epilogue }

    /// What this program was told, and how its exit status will be understood.
    ///
    /// The first argument names the batch system; a hook that names none is of no batch system and takes no job.
    package static func read(_ moment: Moment) -> (
        hook: Result<any BatchHook, BatchError>, status: (Blame?) -> Int32
    ) {
        do throws(BatchError) {
            let words = try words()
            guard let name = words.first else {
                throw BatchError(.site, "no batch system is named: this program is to be called by its hooks")
            }
            let scheduler = try Scheduler.named(name)
            let verdict = moment == .prologue ? scheduler.prologue : scheduler.epilogue
            let hook = Result { () throws(BatchError) in
                try scheduler.hook(current(moment, Array(words.dropFirst())))
            }
            return (hook, verdict.status)
        } catch {
            return (.failure(error), { $0 == nil ? ExitStatus.success : ExitStatus.configuration })
        }
    }

    private static func words() throws(BatchError) -> [String] {
        do throws(UnixError) {
            return try Process.arguments().dropFirst().map { String(decoding: $0, as: UTF8.self) }
        } catch {
            throw BatchError(.node, "could not read the arguments: \(error)")
        }
    }
}
