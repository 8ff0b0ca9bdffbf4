internal import Libvirt
internal import Job
internal import Site

/// The domain of a machine of the past, made of the very document that it was started with: another name,
/// other files, another account, no network and nothing of the host's; all else is as it was.
struct ReplayDescription {
    let kept: String
    let places: Places
    let directory: MachineDirectory
    let domain: String
    let uuid: String
    let uid: UInt32
    let gid: UInt32

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
            ("<label>", "+\(uid):+\(gid)", "</label>"),
        ]
        for (begin, value, end) in changes {
            guard let start = xml.firstRange(of: begin)?.upperBound,
                let stop = xml[start...].firstRange(of: end)?.lowerBound
            else { return nil }
            xml.replaceSubrange(start..<stop, with: value)
        }
        for element in Self.foreign(in: xml) { xml = xml.replacing(element, with: "") }
        for old in [places.machine(name).path, places.job(name.key).path] {
            guard xml.contains("'\(old)/") else { return nil }
            xml = xml.replacing("'\(old)/", with: "'\(directory.path)/")
        }
        return xml
    }
}
