import Foundation

/// The system calls of one run of a program, as strace(1) saw them.
struct Trace {
    /// One system call: the `number`th of its name since the program was executed.
    struct Call: Hashable, CustomStringConvertible {
        let name: String
        let number: Int
        /// The line of strace.
        let text: String

        var succeeded: Bool { !text.contains(" = -1 ") }

        var description: String { "\(name) #\(number) of \(text.prefix(110))" }
    }

    /// From the first call of our own on; what the loader does before changes nothing and is not repeated.
    let calls: [Call]

    init(_ path: String) throws {
        var counts: [Substring: Int] = [:]
        var calls: [Call] = []
        for line in try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n") {
            guard let open = line.firstIndex(of: "("), line.first?.isLetter == true else { continue }
            let name = line[..<open]
            counts[name, default: 0] += 1
            calls.append(Call(name: String(name), number: counts[name, default: 0], text: String(line)))
        }
        guard let first = calls.firstIndex(where: { $0.text.hasPrefix("umask(077") }) else {
            throw Harness.error("the trace has no first step")
        }
        // The searches for open descriptors, some thousand calls on numbers that are none.
        self.calls = calls[first...].filter {
            !$0.text.contains("F_GETFD") && !$0.text.contains("EBADF") && $0.name != "exit_group"
        }
    }

    /// Calls after which something else is on disk or with libvirt, that is to say durable steps.
    var steps: [Call] { calls.filter { Self.isStep($0) } }

    private static func isStep(_ call: Call) -> Bool {
        guard call.succeeded else { return false }
        switch call.name {
        case "fsync", "rename", "unlink", "rmdir", "mkdir", "link", "ftruncate", "lchown", "fchown", "chmod",
            "fchmod", "sendmsg", "bind":
            return true
        case "openat": return call.text.contains("O_CREAT")
        // A call of libvirt's, on its way and answered.
        case "write": return call.text.contains("<socket:") || call.text.contains("UNIX")
        default: return false
        }
    }

    /// Before and after each durable step: to die before the next one is to die after this one.
    var momentsAtSteps: [Call] {
        let steps = steps
        guard let last = steps.last, let index = calls.firstIndex(of: last) else { return [] }
        return steps + calls[(index + 1)...].prefix(1)
    }

    /// strace and its options in front of a program: what it does is written to a file.
    static func recording(_ path: String) -> [String] {
        ["/usr/bin/strace", "-y", "-s", "24", "-o", path, "--"]
    }

    /// strace in front of a program that is killed when it is about to make this call.
    static func killing(at call: Call) -> [String] { tampering(call, "signal=SIGKILL") }

    /// strace in front of a program for which this one call fails.
    static func failing(_ call: Call, with error: String) -> [String] { tampering(call, "error=" + error) }

    private static func tampering(_ call: Call, _ how: String) -> [String] {
        [
            "/usr/bin/strace", "-o", "/dev/null", "-e", "trace=" + call.name, "-e",
            "inject=\(call.name):\(how):when=\(call.number)", "--",
        ]
    }
}
