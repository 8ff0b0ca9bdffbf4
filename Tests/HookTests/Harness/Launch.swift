import Foundation
import Glibc
import Unix

/// What a program said and how it ended.
struct Outcome {
    /// Its exit status, or the number of the signal that ended it with a minus in front.
    let status: Int32
    let output: Data
    let errors: String

    var text: String { String(decoding: output, as: UTF8.self) }
}

/// A program under test: started in a session of its own, spoken to, and always brought to an end.
final class Launch {
    private let words: [String]
    private var process: SpawnedProcess
    private let files: String
    /// Writes to the program's standard input; nil when it reads nothing.
    let input: FileHandle?
    /// The reading end of its standard output when that is a pipe.
    let pipe: FileHandle?

    /// Where the program's streams lead.
    enum Streams {
        /// Nothing to read, files to write: nothing to be drained while it runs.
        case files
        /// Standard input is a pipe that the test writes to.
        case input
        /// Standard output is a pipe that the test reads, or not.
        case pipe
    }

    /// Starts a program with exactly this environment.
    init(
        _ words: [String], environment: [String: String] = [:], directory: String = "/",
        streams: Streams = .files
    ) throws {
        self.words = words
        files = "/tmp/bivouac-test-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: files, withIntermediateDirectories: false)
        let nothing = try FileDescriptor.open("/dev/null", .read)
        let output = try FileDescriptor.open(files + "/output", [.write, .create])
        let errors = try FileDescriptor.open(files + "/errors", [.write, .create])
        let source = try Unix.Pipe()
        let target = try Unix.Pipe()
        let ends = (
            streams == .input ? source.reader.rawValue : nothing.rawValue,
            streams == .pipe ? target.writer.rawValue : output.rawValue
        )
        // env(1) changes the directory and becomes the program.
        process = try SpawnedProcess.start(
            "/usr/bin/env", ["env", "-C", directory] + words,
            environment: environment.map { "\($0)=\($1)" }, descriptors: [ends.0, ends.1, errors.rawValue])
        input = streams == .input ? Self.handle(source.intoWriter()) : nil
        pipe = streams == .pipe ? Self.handle(target.intoReader()) : nil
    }

    private static func handle(_ descriptor: consuming FileDescriptor) -> FileHandle {
        FileHandle(fileDescriptor: descriptor.release(), closeOnDealloc: true)
    }

    deinit {
        kill(SIGKILL)
        while isRunning { usleep(2000) }
        try? FileManager.default.removeItem(atPath: files)
    }

    var isRunning: Bool { process.end() == nil }

    func kill(_ signal: Int32) {
        // What has ended has given its number back.
        if isRunning { Glibc.kill(process.id, signal) }
    }

    /// Kills the program with all that it started and that has not left its process group.
    func killGroup() { Glibc.kill(-process.id, SIGKILL) }

    /// What it has written to standard error until now.
    func errors() throws -> String {
        String(decoding: try Data(contentsOf: URL(fileURLWithPath: files + "/errors")), as: UTF8.self)
    }

    /// The program's end; one that does not come within the time is an error.
    func wait(seconds: Int = 120) throws -> Outcome {
        let deadline = Deadline(seconds: seconds)
        while true {
            if let end = process.end() { return try outcome(end) }
            guard !deadline.isOver else { throw Harness.error("\(words) did not end in \(seconds) s") }
            usleep(2000)
        }
    }

    private func outcome(_ end: ProcessEnd) throws -> Outcome {
        let status: Int32 =
            switch end {
            case .exited(let status): Int32(status)
            case .killed(let signal): -Int32(signal)
            }
        return Outcome(
            status: status, output: try Data(contentsOf: URL(fileURLWithPath: files + "/output")),
            errors: try errors())
    }

    /// Runs a program to its end.
    @discardableResult
    static func run(
        _ words: [String], environment: [String: String] = [:], directory: String = "/", seconds: Int = 60
    ) throws -> Outcome {
        try Launch(words, environment: environment, directory: directory).wait(seconds: seconds)
    }

    /// Runs a program that the test needs to succeed.
    @discardableResult
    static func require(
        _ words: [String], environment: [String: String] = ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin"]
    )
        throws -> Outcome
    {
        let run = try run(words, environment: environment)
        guard run.status == 0 else { throw Harness.error("\(words): status \(run.status): \(run.errors)") }
        return run
    }

    /// The words that run a program as a user of the machine and of no group but one.
    static func words(_ program: [String], as uid: UInt32) -> [String] {
        ["/usr/bin/setpriv", "--reuid", "\(uid)", "--regid", "\(uid)", "--clear-groups", "--"] + program
    }
}

/// What went wrong outside of what is tested.
enum Harness {
    struct Failure: Error, CustomStringConvertible { let description: String }

    static func error(_ description: String) -> Failure { Failure(description: description) }

    /// Waits until something is so; an error that says for what, when it takes too long.
    static func eventually(_ what: String, seconds: Int = 60, _ holds: () throws -> Bool) throws {
        let end = Date(timeIntervalSinceNow: Double(seconds))
        while try !holds() {
            guard Date() < end else { throw error("waited in vain: \(what)") }
            usleep(2000)
        }
    }
}
