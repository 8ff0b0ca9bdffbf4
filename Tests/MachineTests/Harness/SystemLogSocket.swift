import Foundation
import Unix

/// A socket in syslog's place, on a machine where nobody listens there: what is said to it meanwhile.
final class SystemLogSocket {
    private static let path = "/dev/log"

    private let file: String
    private let receiver = Foundation.Process()

    /// Nil where the machine has one of its own, which is left alone.
    init?() async throws {
        guard try Files.status(Self.path) == nil else { return nil }
        file = "/var/tmp/bivouac-test-\(UUID().uuidString)"
        try Files.write("", to: file)
        receiver.executableURL = URL(fileURLWithPath: "/usr/bin/perl")
        let script = """
            socket my $s, AF_UNIX, SOCK_DGRAM, 0 or die $!;
            bind $s, sockaddr_un $ARGV[0] or die $!;
            chmod 0666, $ARGV[0];
            while (defined recv $s, my $line, 65536, 0) { syswrite STDOUT, "$line\\n" }
            """
        receiver.arguments = ["-MSocket", "-e", script, Self.path]
        receiver.standardOutput = try FileHandle(forWritingTo: URL(fileURLWithPath: file))
        receiver.standardError = FileHandle.nullDevice
        try receiver.run()
        try await eventually("somebody listens at \(Self.path)", within: 600) {
            try Files.status(Self.path)?.mode == 0o666 ? true : nil
        }
    }

    deinit {
        if receiver.processIdentifier > 0 { kill(receiver.processIdentifier, SIGKILL) }
        for path in [Self.path, file] { _ = try? Files.remove(path) }
    }

    /// What was said so far, a line for each message.
    var text: String {
        FileManager.default.contents(atPath: file).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }
}
