internal import Libvirt
internal import Job
internal import Site

/// The domain of a machine of the past, made of the very document that it was started with: another name,
/// other files, another account and host CPUs, no network and nothing of the host's; all else is as it was.
struct ReplayDescription {
    let kept: String
    let places: Places
    let directory: MachineDirectory
    let domain: String
    let uuid: String
    let share: NodeShare

    /// What a replay does not have: networks, directories of the host, and the disk that its user goes on with.
    private static func foreign(in xml: String) -> [String] {
        InterfaceLink.interfaces(in: xml) + InterfaceLink.elements("filesystem", in: xml)
            + InterfaceLink.elements("disk", in: xml).filter { $0.contains("<serial>") }
    }

    /// Nil when the document is none of ours.
    func xml(of name: MachineName) -> String? {
        var xml = kept
        let changes = [
            ("<name>", domain, "</name>"), ("<uuid>", uuid, "</uuid>"),
            ("<label>", "+\(share.account.uid):+\(share.account.gid)", "</label>"),
        ]
        for (begin, value, end) in changes {
            guard let start = xml.firstRange(of: begin)?.upperBound,
                let stop = xml[start...].firstRange(of: end)?.lowerBound
            else { return nil }
            xml.replaceSubrange(start..<stop, with: value)
        }
        xml = pinned(xml)
        for element in Self.foreign(in: xml) { xml = xml.replacing(element, with: "") }
        for old in [places.machine(name).path, places.job(name.key).path] {
            guard xml.contains("'\(old)/") else { return nil }
            xml = xml.replacing("'\(old)/", with: "'\(directory.path)/")
        }
        return xml
    }

    /// The same with each pin of a CPU on one of the share's, and the pins of all on all of them.
    private func pinned(_ xml: String) -> String {
        let all = Set(share.cpus).sorted().map(String.init).joined(separator: ",")
        let attribute = "cpuset='"
        var parts = xml.split(separator: attribute, omittingEmptySubsequences: false)[...]
        var text = String(parts.removeFirst())
        var pins = 0
        for part in parts {
            var value = all
            if text.suffix(from: text.lastIndex(of: "<") ?? text.startIndex).hasPrefix("<vcpupin ") {
                value = "\(share.cpus[pins % share.cpus.count])"
                pins += 1
            }
            text += attribute + value + part.drop { $0 != "'" }
        }
        return text
    }
}
