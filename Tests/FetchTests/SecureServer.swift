import Foundation
import TestSupport

/// A server with a certificate, made of the `openssl` program; it gives the files of its directory, each a whole
/// answer.
final class SecureServer {
    let directory: String
    let port: Int
    private let process = Process()

    /// A directory of its authority, as `c_rehash` would make it.
    var authorities: String { directory + "/anchors" }
    var uri: String { "https://localhost:\(port)" }

    /// `names` are those in the certificate.
    init(in directory: String, names: String = "DNS:localhost", from start: Int = 0, days: Int = 30) throws {
        self.directory = directory
        try Self.makeCertificates(in: directory, names: names, days: days)
        process.executableURL = URL(fileURLWithPath: "/usr/bin/openssl")
        process.arguments = [
            "s_server", "-accept", "127.0.0.1:0", "-key", directory + "/server.key", "-cert",
            directory + "/server.pem", "-HTTP",
        ]
        process.currentDirectoryURL = URL(fileURLWithPath: directory)
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        process.standardInput = Pipe()
        try process.run()
        var said = ""
        while !said.contains("ACCEPT 127.0.0.1:") || !said.hasSuffix("\n") {
            let data = output.fileHandleForReading.availableData
            guard !data.isEmpty else { throw CocoaError(.fileReadUnknown) }
            said += String(decoding: data, as: UTF8.self)
        }
        port = Int(said.components(separatedBy: "ACCEPT 127.0.0.1:")[1].prefix { $0.isNumber }) ?? 0
    }

    deinit {
        // Whatever signals the thread blocks that started it, this one it cannot.
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    /// What it gives under a name from now on.
    func put(_ name: String, status: String = "200 OK", headers: [String] = [], body: String = "") throws {
        let lines = ["HTTP/1.0 \(status)", "Content-Length: \(body.utf8.count)"] + headers
        try Data((lines.joined(separator: "\r\n") + "\r\n\r\n" + body).utf8).write(
            to: URL(fileURLWithPath: directory + "/" + name))
    }

    private static func makeCertificates(in directory: String, names: String, days: Int) throws {
        let script = """
            set -e
            cd "$1"
            openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj '/CN=Test CA' \
                -addext 'basicConstraints=critical,CA:TRUE' -keyout ca.key -out ca.pem
            openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj '/CN=server' \
                -keyout server.key -out server.csr
            printf 'subjectAltName=%s\\n' "$2" >names
            openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -set_serial 7 -days "$3" -extfile names \
                -out server.pem
            mkdir anchors
            cp ca.pem "anchors/$(openssl x509 -in ca.pem -noout -subject_hash).0"
            """
        let made = try run("/bin/sh", ["-c", script, "sh", directory, names, String(days)])
        guard made.status == 0 else {
            throw CocoaError(.fileWriteUnknown, userInfo: ["openssl": made.errors])
        }
    }
}
