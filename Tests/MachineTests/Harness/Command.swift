import Foundation
import Unix

/// What a program said and how it ended.
struct Outcome: Sendable {
    /// Its exit status, 128 + n when signal n killed it, -1 when it took too long.
    var status: Int32
    var output: [UInt8]
    var errors: String

    var text: String { String(decoding: output, as: UTF8.self) }
    var line: String { text.trimmingCharacters(in: .whitespacesAndNewlines) }
    var succeeded: Bool { status == 0 }
}

/// A program that failed where the test needs it to succeed.
struct CommandFailure: Error, CustomStringConvertible {
    let words: [String]
    let outcome: Outcome

    var description: String {
        "\(words.prefix(12).joined(separator: " ")): status \(outcome.status): \(outcome.errors)\(outcome.text)"
    }
}

enum Command {
    private static let path = "PATH=/usr/sbin:/usr/bin:/sbin:/bin"

    /// Runs a program as root to its end; other tests go on meanwhile.
    static func run(_ words: [String], environment: [String] = [], seconds: Int = 60) async throws -> Outcome
    {
        let result = try await onThread {
            try Child.run(
                words[0], Array(words.dropFirst()), environment: [path, "LC_ALL=C"] + environment,
                seconds: seconds, outputLimit: 64 << 20)
        }
        let status: Int32 =
            switch result.end {
            case .exited(let status): status
            case .killed(let signal): 128 + signal
            case .overTime, .overOutput: -1
            }
        return Outcome(
            status: status, output: result.output, errors: String(decoding: result.errors, as: UTF8.self))
    }

    /// Runs a program that must succeed.
    @discardableResult
    static func require(_ words: [String], environment: [String] = [], seconds: Int = 60) async throws
        -> Outcome
    {
        let outcome = try await run(words, environment: environment, seconds: seconds)
        guard outcome.succeeded else { throw CommandFailure(words: words, outcome: outcome) }
        return outcome
    }

    /// The words that run a program with one line on its standard input, a pipe, as MOM tells a shell its script.
    static func fed(_ line: String, _ words: [String]) -> [String] {
        let feed = "line=$1; shift; printf '%s\\n' \"$line\" | exec \"$@\""
        return ["/bin/sh", "-c", feed, "sh", line] + words
    }

    /// The words that run a program as an account with its groups, or with `gid` alone.
    static func words(_ program: [String], as account: Account, directory: String = "/") -> [String] {
        [
            "/usr/bin/setpriv", "--reuid", "\(account.uid)", "--regid", "\(account.gid)", "--init-groups",
            "--reset-env", "--no-new-privs", "/usr/bin/env", "-C", directory,
        ] + program
    }
}

/// An account of this machine.
struct Account: Hashable, Sendable {
    let name: String
    let uid: UInt32
    let gid: UInt32
    let home: String

    /// Looks the account up by its name.
    static func named(_ name: String) async throws -> Account {
        let fields = try await Command.require(["/usr/bin/getent", "passwd", name]).line
            .split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        guard fields.count == 7, let uid = UInt32(fields[2]), let gid = UInt32(fields[3]) else {
            throw HarnessError("getent passwd \(name) printed no account")
        }
        return Account(name: name, uid: uid, gid: gid, home: fields[5])
    }
}

struct HarnessError: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// Runs what blocks on a thread of its own: the tests' own threads are as many as the processors.
func onThread<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
    try await withCheckedThrowingContinuation { continuation in
        Thread.detachNewThread { continuation.resume(with: Swift.Result { try body() }) }
    }
}

/// Asks again and again until there is an answer; after `seconds` the wait is an error that says for what.
@discardableResult
func eventually<Answer>(
    _ what: String, within seconds: Int, every milliseconds: Int = 100, _ answer: () async throws -> Answer?
) async throws -> Answer {
    let deadline = Deadline(seconds: seconds)
    while true {
        if let answer = try await answer() { return answer }
        guard !deadline.isOver else { throw HarnessError("waited \(seconds) s in vain: \(what)") }
        try await Task.sleep(for: .milliseconds(milliseconds))
    }
}
