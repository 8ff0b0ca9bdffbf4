/// A machine for one job, as a value from which libvirt's XML is made.
package struct DomainDescription: Hashable, Sendable {
    /// What runs the guest's instructions.
    package enum Kind: String, Hashable, Sendable, Codable {
        /// The processor, through the kernel.
        case kvm
        /// QEMU's translation, no security boundary.
        case qemu
    }

    /// A file with the content of a disk.
    package struct Image: Hashable, Sendable {
        /// How the content is laid out; it is never guessed.
        package enum Format: String, Hashable, Sendable {
            case raw, qcow2
        }

        /// The path of the file.
        package var path: String
        /// How the content is laid out.
        package var format: Format
        /// The name under which the descriptor is handed over (`Domain.associate`); nil: QEMU opens the path.
        package var group: String?

        /// A file known by its path, and by a descriptor if a group is named.
        package init(path: String, format: Format, group: String? = nil) {
            self.path = path
            self.format = format
            self.group = group
        }
    }

    /// A directory that the guest shares with a process of the host, which serves it (virtiofs).
    package struct Share: Hashable, Sendable {
        /// The name by which the guest mounts it.
        package var tag: String
        /// Where that process listens; QEMU connects to it.
        package var socket: String

        /// A directory that is served at the socket.
        package init(tag: String, socket: String) {
            self.tag = tag
            self.socket = socket
        }
    }

    /// The name of the domain.
    package var name: String
    /// The UUID in its 36-character form.
    package var uuid: String
    /// One line for people.
    package var title: String
    package var kind: Kind
    /// Memory of the guest, in bytes; rounded down to whole MiB.
    package var memory: Int64
    /// Processors of the guest.
    package var processors: Int
    /// The host's processors that the machine may use, in the order of the guest's; empty for all of them.
    package var hostProcessors: [Int]
    /// Whether the machine is capped to the time of as many processors as the guest has; needs the `cpu`
    /// cgroup controller.
    package var capped: Bool
    /// What takes the guest's writes, its `vda`.
    package var overlay: Image
    /// What lies below the overlay; it has none below itself.
    package var base: Image
    /// Read-only, `vdb`.
    package var context: Image
    /// Read-only, `vdc`.
    package var tools: Image
    /// A disk that outlives the machine, `vdd`.
    package var userDisk: Image?
    /// The serial number by which the guest knows it; virtio has room for 20 bytes.
    package var userDiskSerial: String
    package var shares: [Share]
    /// The socket that becomes the port `org.bivouac.control` in the guest.
    package var controlSocket: String
    /// The socket that becomes the port `org.bivouac.payload` in the guest.
    package var payloadSocket: String
    /// What the guest prints on its serial line; virtlogd writes the file and bounds it.
    package var console: String
    /// The account QEMU runs as.
    package var uid: UInt32
    package var gid: UInt32

    /// A machine with all that it consists of.
    package init(
        name: String, uuid: String, title: String, kind: Kind, memory: Int64, processors: Int,
        hostProcessors: [Int], capped: Bool, overlay: Image, base: Image, context: Image, tools: Image,
        controlSocket: String, payloadSocket: String, console: String, uid: UInt32, gid: UInt32,
        userDisk: Image? = nil, userDiskSerial: String = "", shares: [Share] = []
    ) {
        self.name = name
        self.uuid = uuid
        self.title = title
        self.kind = kind
        self.memory = memory
        self.processors = processors
        self.hostProcessors = hostProcessors
        self.capped = capped
        self.overlay = overlay
        self.base = base
        self.context = context
        self.tools = tools
        self.controlSocket = controlSocket
        self.payloadSocket = payloadSocket
        self.console = console
        self.uid = uid
        self.gid = gid
        self.userDisk = userDisk
        self.userDiskSerial = userDiskSerial
        self.shares = shares
    }
}
