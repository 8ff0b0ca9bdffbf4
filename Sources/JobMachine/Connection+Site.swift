package import Libvirt
package import Site

extension Connection {
    /// Connects to the libvirt that runs the site's machines.
    package static func open(_ site: Site) throws(LibvirtError) -> Connection {
        try open(site.libvirt, limit: site.libvirtTimeout * 1000)
    }
}
