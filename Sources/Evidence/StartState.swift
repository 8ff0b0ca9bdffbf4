package import Job

/// What ran, from which image, for whom, where and with what leave: written before the machine starts.
///
/// Nothing of the payload is in it: no environment, no input, no credentials.
package struct StartState: Codable, Hashable, Sendable {
    /// The image as its list and the node's cache describe it.
    package struct Image: Codable, Hashable, Sendable {
        /// As the job or its queue named it.
        package var name: String
        package var identifier: String
        package var version: String
        package var sha512: String
        /// Length of the file in bytes.
        package var size: Int64
        package var format: String
        /// Length of the disk in bytes.
        package var virtualSize: Int64
        package var uri: String
        /// The class of trust the site gives it.
        package var `class`: Int

        package init(
            name: String, identifier: String, version: String, sha512: String, size: Int64, format: String,
            virtualSize: Int64, uri: String, class: Int
        ) {
            self.name = name
            self.identifier = identifier
            self.version = version
            self.sha512 = sha512
            self.size = size
            self.format = format
            self.virtualSize = virtualSize
            self.uri = uri
            self.class = `class`
        }
    }

    /// The signed list that the image stands in, and who signed it.
    package struct Endorsement: Codable, Hashable, Sendable {
        package var list: String
        package var identifier: String
        package var version: String
        /// SHA-256 of the signed file, which lies beside this one.
        package var sha256: String
        package var created: Timestamp
        package var expires: Timestamp
        package var endorser: String
        /// Distinguished names.
        package var dn: String
        package var ca: String
        package var serial: String
        package var vo: String
        /// Others whose lists name the same image, where the site wants several.
        package var seconds: [String]

        package init(
            list: String, identifier: String, version: String, sha256: String, created: Timestamp,
            expires: Timestamp,
            endorser: String, dn: String, ca: String, serial: String, vo: String, seconds: [String]
        ) {
            self.list = list
            self.identifier = identifier
            self.version = version
            self.sha256 = sha256
            self.created = created
            self.expires = expires
            self.endorser = endorser
            self.dn = dn
            self.ca = ca
            self.serial = serial
            self.vo = vo
            self.seconds = seconds
        }
    }

    /// What the machine was given of the node.
    package struct Machine: Codable, Hashable, Sendable {
        package var domain: String
        package var uuid: String
        /// The account that QEMU runs as.
        package var account: String
        package var uid: UInt32
        /// Host CPUs, one for each of the guest's.
        package var cpus: [Int]
        package var memory: ByteCount
        /// `kvm` or `qemu`, and why.
        package var virtualization: String
        package var reason: String
        /// SHA-512 of the agent's volume.
        package var tools: String
        /// SHA-256 of the overlay at its birth, when every block is the image's.
        package var overlay: String
        /// What it may reach: with `none` it has no interface, and so neither MAC nor IP address.
        package var network: String

        package init(
            domain: String, uuid: String, account: String, uid: UInt32, cpus: [Int], memory: ByteCount,
            virtualization: String, reason: String, tools: String, overlay: String, network: String
        ) {
            self.domain = domain
            self.uuid = uuid
            self.account = account
            self.uid = uid
            self.cpus = cpus
            self.memory = memory
            self.virtualization = virtualization
            self.reason = reason
            self.tools = tools
            self.overlay = overlay
            self.network = network
        }
    }

    /// The node and the software on it.
    package struct Node: Codable, Hashable, Sendable {
        package var host: String
        package var kernel: String
        package var bivouac: String
        package var libvirt: String
        package var hypervisor: String

        package init(host: String, kernel: String, bivouac: String, libvirt: String, hypervisor: String) {
            self.host = host
            self.kernel = kernel
            self.bivouac = bivouac
            self.libvirt = libvirt
            self.hypervisor = hypervisor
        }
    }

    /// The file's name in the directory.
    package static let file = "manifest.json"
    /// The context volume, as gzip.
    package static let contextFile = "context.iso.gz"

    /// Job key and attempt, `demo-4711.0`.
    package let name: String
    package let recorded: Timestamp
    package var account: Account
    package var queue: String
    package var project: String
    package var resources: Resources
    package var image: Image
    package var endorsement: Endorsement
    package var machine: Machine
    package var node: Node
    /// When each phase before this moment began.
    package var phases: [String: Timestamp]
    /// The files that lie beside this one.
    package internal(set) var files: [FileDigest] = []

    package init(
        name: MachineName, recorded: Timestamp, account: Account, queue: String, project: String,
        resources: Resources,
        image: Image, endorsement: Endorsement, machine: Machine, node: Node,
        phases: [String: Timestamp]
    ) {
        self.name = name.description
        self.recorded = recorded
        self.account = account
        self.queue = queue
        self.project = project
        self.resources = resources
        self.image = image
        self.endorsement = endorsement
        self.machine = machine
        self.node = node
        self.phases = phases
    }
}
