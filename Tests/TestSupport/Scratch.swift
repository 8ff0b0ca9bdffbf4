package import Foundation

/// A directory of a test's own, removed with all it holds when the body ends, however it ends.
package func withScratch<Result>(_ body: (String) throws -> Result) throws -> Result {
    let path = NSTemporaryDirectory() + "/bivouac-test-" + UUID().uuidString
    try FileManager.default.createDirectory(
        atPath: path, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
    defer { try? FileManager.default.removeItem(atPath: path) }
    return try body(path)
}

/// Copies a program that is then run: in a process of its own, since a child that another test starts meanwhile
/// would hold the copy open for writing, and the kernel refuses to run such a file.
package func copyProgram(_ program: String, to path: String) throws {
    let copy = try run("/usr/bin/install", ["-D", "-m", "755", program, path])
    guard copy.status == 0 else { throw CocoaError(.fileWriteUnknown, userInfo: [path: copy.errors]) }
}

/// Writes a program that is then run.
package func writeProgram(_ text: some Sequence<UInt8>, to path: String) throws {
    try withScratch { scratch in
        try Data(text).write(to: URL(fileURLWithPath: scratch + "/program"))
        try copyProgram(scratch + "/program", to: path)
    }
}

/// What a program said and how it ended.
package struct Run {
    package var status: Int32
    package var output: Data
    package var errors: String

    package init(status: Int32, output: Data, errors: String) {
        self.status = status
        self.output = output
        self.errors = errors
    }

    package var text: String { String(decoding: output, as: UTF8.self) }
}

/// Runs a program to its end, with this environment and nothing on its standard input.
package func run(_ path: String, _ arguments: [String], environment: [String: String] = ["LC_ALL": "C"])
    throws -> Run
{
    try withScratch { scratch in
        let process = Process()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = arguments
        process.environment = environment.merging(["PATH": "/usr/sbin:/usr/bin:/sbin:/bin"]) { own, _ in own }
        // Files, not pipes: nothing to drain while the program runs.
        let files = ["output", "errors"].map { URL(fileURLWithPath: scratch + "/" + $0) }
        for file in files { try Data().write(to: file) }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = try FileHandle(forWritingTo: files[0])
        process.standardError = try FileHandle(forWritingTo: files[1])
        try process.run()
        process.waitUntilExit()
        return Run(
            status: process.terminationReason == .exit
                ? process.terminationStatus : -process.terminationStatus,
            output: try Data(contentsOf: files[0]),
            errors: String(decoding: try Data(contentsOf: files[1]), as: UTF8.self))
    }
}
