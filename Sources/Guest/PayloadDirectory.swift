package import GuestProtocol
internal import Job
package import Unix

/// A directory in memory for what passes between the agent and its payload beside the streams: the command and
/// the pipe by which a payload ends its job, its outputs, its user's credentials.
package struct PayloadDirectory: ~Copyable {
    /// Where it is in a machine.
    package static let place = "/run/bivouac-job"

    package let path: String
    private let user: Identity
    private let pipe: FileDescriptor

    private init(_ path: String, _ user: Identity, _ pipe: consuming FileDescriptor) {
        self.path = path
        self.user = user
        self.pipe = pipe
    }

    /// Makes what is in it; `path` is an empty directory that programs may run from.
    package static func make(in path: String, for user: Identity) throws(UnixError) -> PayloadDirectory {
        let command = path + "/shutdown"
        let file = try FileDescriptor.open(command, [.write, .create, .exclusive], mode: 0o755)
        // Whoever writes more than a pipe takes at once is no command of ours.
        try file.write("#!/bin/sh\nprintf '%.200s\\n' \"${*:-200}\" >'\(path)/request'\n")
        try file.changeMode(0o755)
        try Files.makePipe(path + "/request", mode: 0o200)
        try Files.changeOwner(path + "/request", uid: user.uid, gid: user.gid)
        for name in ["outputs", "credentials"] {
            try Files.makeDirectory("\(path)/\(name)", mode: 0o700)
            try Files.changeOwner("\(path)/\(name)", uid: user.uid, gid: user.gid)
        }
        // Open for writing too, so that it never looks closed.
        let pipe = try FileDescriptor.open(path + "/request", [.readWrite, .nonBlocking])
        return PayloadDirectory(path, user, pipe)
    }

    /// Variables for the payload.
    package var variables: [(name: String, value: String)] { [("JOBOUTPUTS", path + "/outputs")] }

    /// What `shutdown_command` of the features says.
    package var command: String { path + "/shutdown" }

    /// To be polled for `readable`.
    package var rawValue: Int32 { pipe.rawValue }

    /// What the command has said, if it was called.
    package func request() -> Farewell? {
        guard let bytes = try? pipe.read(upTo: 4096) else { return nil }
        return Farewell(bytes)
    }

    /// What the payload has left as `shutdown_message` among its outputs.
    package func message() -> Farewell? {
        guard
            let file = try? FileDescriptor.open(
                path + "/outputs/shutdown_message", [.read, .noFollow, .nonBlocking]),
            let status = try? file.status(), status.kind == .regular,
            let bytes = try? file.read(upTo: 4096)
        else { return nil }
        return Farewell(bytes)
    }

    /// Makes the file, the user's alone; its path.
    package func put(_ credential: Credential) throws(UnixError) -> String {
        let path = "\(path)/credentials/\(credential.variable)"
        let file = try FileDescriptor.open(path, [.write, .create, .exclusive, .noFollow], mode: 0o600)
        try file.write(credential.content.bytes)
        try file.changeOwner(uid: user.uid, gid: user.gid)
        return path
    }
}
