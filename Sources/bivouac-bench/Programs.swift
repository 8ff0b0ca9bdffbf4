internal import Unix

/// Programs of the system that the benchmark calls.
enum Programs {
    static let virsh = "/usr/bin/virsh"
    static let setpriv = "/usr/bin/setpriv"
    static let socat = "/usr/bin/socat"
    static let shell = "/bin/sh"
    static let curl = "/usr/bin/curl"
    static let qemuImage = "/usr/bin/qemu-img"

    static let environment = ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"]

    /// Runs one whose own resources are not measured; what it printed.
    @discardableResult
    static func run(_ words: [String], environment: [String] = [], seconds: Int = 120) throws(BenchError)
        -> [UInt8]
    {
        let result = try BenchError.during("could not run \(words[0])") { () throws(UnixError) in
            try Child.run(
                words[0], Array(words.dropFirst()), environment: Self.environment + environment,
                seconds: seconds)
        }
        guard result.succeeded else {
            throw .failed(
                "\(words.joined(separator: " ")): \(String(decoding: result.errors, as: UTF8.self))")
        }
        return result.output
    }
}
