internal import Libvirt
package import Site

/// The libvirt that runs the node's machines, reached, with the versions that a start state names.
package struct NodeLibvirt: ~Copyable {
    let connection: Connection
    let version: Version
    let hypervisor: Version

    /// Connects and asks; a node without its libvirt is at fault.
    package static func reach(_ site: Site) throws(MachineFault) -> NodeLibvirt {
        try atNode("could not reach \(site.libvirt)") { () throws(LibvirtError) in
            let connection = try Connection.open(site)
            let version = try connection.libraryVersion()
            let hypervisor = try connection.hypervisorVersion()
            return NodeLibvirt(connection: connection, version: version, hypervisor: hypervisor)
        }
    }
}
