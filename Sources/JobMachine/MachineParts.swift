package import Job

/// What a machine is made of, ready to be recorded and started.
package struct MachineParts {
    /// The name under which libvirt is given the verified image's descriptor.
    static let baseGroup = "base"
    /// The least memory a guest is started with; less is refused instead of a boot that fails for no clear reason.
    static let leastMemory = ByteCount.mebibytes(96)

    package let name: MachineName
    package let xml: String
    /// SHA-512 of the agent's volume.
    package let toolsDigest: String
    /// SHA-256 of the overlay, which nothing has been written to.
    package let overlayDigest: String
    /// The disk that its user keeps; nil for a job that has none.
    let userDisk: String?
}
