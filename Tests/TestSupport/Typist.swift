import Foundation
import Unix

/// A terminal with a program on it, and somebody who types and reads there.
package final class Typist {
    private let terminal: PseudoTerminal
    private let process = Foundation.Process()
    /// What the terminal has shown, with lines as the terminal ends them.
    package private(set) var shown = ""

    /// Starts the program as leader of a session that the terminal controls.
    package init(
        _ words: [String], environment: [String: String], directory: String = "/", rows: UInt16 = 24,
        columns: UInt16 = 80
    ) throws {
        let terminal = try PseudoTerminal()
        try TerminalSize(rows: rows, columns: columns).apply(to: terminal.terminal.rawValue)
        try terminal.controller.setNonBlocking()
        let handle = FileHandle(fileDescriptor: terminal.terminal.rawValue, closeOnDealloc: false)
        process.executableURL = URL(fileURLWithPath: "/usr/bin/setsid")
        process.arguments = ["--ctty", "--wait"] + words
        process.environment = environment
        process.currentDirectoryURL = URL(fileURLWithPath: directory)
        process.standardInput = handle
        process.standardOutput = handle
        process.standardError = handle
        self.terminal = terminal
        try process.run()
    }

    deinit {
        // The program hears of its terminal's end when the value goes.
        if process.isRunning { process.terminate() }
    }

    package var isRunning: Bool { process.isRunning }

    /// The number of the process that waits for the program.
    package var id: Int32 { process.processIdentifier }

    /// Whether what is typed is echoed by our terminal, and held back until the line is complete.
    package var isRaw: Bool {
        var mode = termios()
        _ = unsafe tcgetattr(terminal.terminal.rawValue, &mode)
        return mode.c_lflag & UInt32(ICANON | ECHO | ISIG) == 0
    }

    /// Types this; `\r` is the key that ends a line.
    package func type(_ text: String) throws { try terminal.controller.write(text) }

    package func resize(rows: UInt16, columns: UInt16) throws {
        try TerminalSize(rows: rows, columns: columns).apply(to: terminal.controller.rawValue)
    }

    /// Waits until the terminal has shown this after what was waited for before.
    package func see(_ text: String, seconds: Int = 60) throws {
        let deadline = Deadline(seconds: seconds)
        while true {
            read()
            if let found = shown[seen...].range(of: text) {
                seen = found.upperBound
                return
            }
            guard !deadline.isOver else {
                throw UnixError("poll", UnixError.timedOut, "'\(text)' is not among '\(shown[seen...])'")
            }
            usleep(5_000)
        }
    }

    /// Waits for the program's end; its exit status.
    package func end(seconds: Int = 60) throws -> Int32 {
        let deadline = Deadline(seconds: seconds)
        while process.isRunning {
            read()
            guard !deadline.isOver else {
                throw UnixError("poll", UnixError.timedOut, "no end; the terminal shows '\(shown)'")
            }
            usleep(5_000)
        }
        process.waitUntilExit()
        read()
        return process.terminationStatus
    }

    private var place = 0
    private var seen: String.Index {
        get { shown.utf8.index(shown.startIndex, offsetBy: place) }
        set { place = shown.utf8.distance(from: shown.startIndex, to: newValue) }
    }

    private func read() {
        while Poll.now(terminal.controller.rawValue, .readable).contains(.readable),
            let bytes = try? terminal.controller.read(upTo: 4096), !bytes.isEmpty
        {
            shown += String(decoding: bytes.filter { $0 != 0x0D }, as: UTF8.self)
        }
    }
}
