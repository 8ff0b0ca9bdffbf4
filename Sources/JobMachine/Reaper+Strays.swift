internal import Job
internal import Libvirt
internal import Site
internal import Unix

extension Reaper {
    /// Machines, by their files or their domains, that no live job speaks of; a job that came or went meanwhile
    /// does not count.
    package func strays() throws(MachineFault) -> [String] {
        let (site, places) = (ending.site, ending.places)
        var names = try atNode("could not list machines") { () throws(UnixError) in
            try Files.names(in: places.machines).compactMap { MachineName($0) }
        }
        names += try atNode("could not list domains") { () throws(LibvirtError) in
            try Connection.open(site).domains(prefix: MachineName.domainPrefix).compactMap {
                MachineName(domain: $0)
            }
        }
        var strays: [String] = []
        for name in Set(names) where name.key.cluster == site.cluster {
            guard try LiveJob.peek(name.key, places: places)?.machineName != name else { continue }
            if Files.exists(places.machine(name).path) {
                strays.append(name.description)
            } else if try isDomain(name) {
                strays.append(name.description)
            }
        }
        return strays.sorted()
    }

    private func isDomain(_ name: MachineName) throws(MachineFault) -> Bool {
        let site = ending.site
        return try atNode("could not look for \(name)") { () throws(LibvirtError) in
            try Connection.open(site).lookup(uuid: MachineIdentity.uuid(of: name)) != nil
        }
    }
}
