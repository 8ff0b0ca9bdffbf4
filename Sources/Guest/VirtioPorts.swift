internal import Unix

/// The virtio-serial ports of this machine, found without help of udev.
enum VirtioPorts {
    private static let list = "/sys/class/virtio-ports"

    /// Opens the port of that name; only one process can have it open.
    ///
    /// Waits a while for it to appear, as the driver may still be looking at its device.
    static func open(_ name: String, before deadline: Deadline) throws(AgentError) -> FileDescriptor {
        while true {
            if let device = device(of: name) {
                do throws(UnixError) {
                    return try FileDescriptor.open("/dev/\(device)", [.readWrite, .nonBlocking])
                } catch {
                    if error.code == UnixError.busy { throw .alreadyRunning }
                    if error.code != UnixError.noEntry || deadline.isOver {
                        throw .failed("port \(name)", error)
                    }
                }
            }
            guard !deadline.isOver else { throw .noPort(name) }
            Deadline.sleep(milliseconds: 20)
        }
    }

    private static func device(of name: String) -> String? {
        let devices = (try? Files.names(in: list)) ?? []
        return devices.first { device in
            guard let file = try? FileDescriptor.open("\(list)/\(device)/name", .read),
                let bytes = try? file.readAll(limit: 256)
            else { return false }
            return bytes.elementsEqual((name + "\n").utf8)
        }
    }
}
