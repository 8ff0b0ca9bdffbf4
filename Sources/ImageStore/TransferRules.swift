package import Download
package import Job
internal import Unix

/// How images come to a node: what the site says of it, and who asks.
package struct TransferRules: Sendable {
    /// What speaks to servers.
    package var transport: Transport
    /// Where an image is looked for first, under `MIRROR/SHA512`; an `http`, `https` or `file` URI.
    package var mirror: String?
    /// The most that one transfer takes in a second; nil for as much as can.
    package var bandwidth: ByteCount?
    /// The proxy that is asked, as `http://HOST:PORT`.
    package var proxy: String?
    /// A directory of `<hash>.0` files of the authorities whose word for an https server counts; nil for the
    /// distribution's.
    package var serverAnchors: String?
    /// What those are told who wait for the transfer, `job demo-17` for one.
    package var purpose: String
    /// Seconds after which a silent server is given up.
    package var stall = 30
    /// Milliseconds before the first new attempt; twice as long before each further one.
    package var backoff = 500
    /// The program that takes packed images apart.
    package var unpacker = TransferRules.installedUnpacker

    package init(
        over transport: @escaping Transport, mirror: String? = nil, bandwidth: ByteCount? = nil,
        proxy: String? = nil, serverAnchors: String? = nil, purpose: String = ""
    ) {
        self.transport = transport
        self.mirror = mirror
        self.bandwidth = bandwidth
        self.proxy = proxy
        self.serverAnchors = serverAnchors
        self.purpose = purpose
    }

    /// Attempts in a row that bring nothing, at one place, before it is given up.
    static let attempts = 5

    /// Beside the program that runs now, or where its installation has it.
    private static var installedUnpacker: String {
        let directory = Files.parent(Process.executable)
        let beside = directory + "/bivouac-unpack"
        return Files.exists(beside)
            ? beside : Files.parent(directory) + "/libexec/bivouac/bivouac-unpack"
    }
}
