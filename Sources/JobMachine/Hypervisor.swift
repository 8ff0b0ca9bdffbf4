internal import Job
internal import FoundationEssentials
package import Libvirt
package import Site
internal import Unix

/// What runs machines on this node: what works, not what is present.
package struct Hypervisor {
    let site: Site
    let places: Places

    package init(site: Site, places: Places) {
        self.site = site
        self.places = places
    }

    /// The verdict and why; kept until reboot, since neither processor nor kernel changes before.
    package struct Verdict: Hashable, Sendable, Codable {
        package let kind: DomainDescription.Kind
        package let reason: String
    }

    /// The kind of virtualisation for a machine that starts now.
    package func choose() throws(MachineFault) -> Verdict {
        switch site.virtualization {
        case .qemu: return Verdict(kind: .qemu, reason: "site.toml: virtualization = \"qemu\"")
        case .kvm:
            // A site that asks for KVM wants no machine without that boundary.
            let found = probe()
            guard found.kind == .kvm else {
                throw .fault(.node, "site.toml wants virtualization = \"kvm\": \(found.reason)")
            }
            return found
        case .xen: throw .fault(.site, "site.toml: virtualization = \"xen\" is not supported yet")
        case .auto: return probe()
        }
    }

    private func probe() -> Verdict {
        let path = places.virtualization
        if let bytes = try? Files.read(path, limit: 4096),
            let verdict = try? JSONDecoder().decode(Verdict.self, from: Data(bytes))
        {
            return verdict
        }
        let found = VirtualizationProbe.look().verdict
        let verdict = Verdict(kind: found.kind, reason: found.reason)
        if verdict.kind == .qemu {
            SystemLog.write(.warning, "machines run on TCG, which is no security boundary: \(verdict.reason)")
        }
        // Only a cache: a file system that does not take it costs the next job a probe.
        if let bytes = try? JSONEncoder().encode(verdict) {
            try? Files.write([UInt8](bytes), to: path, mode: 0o644, durably: false)
        }
        return verdict
    }
}
