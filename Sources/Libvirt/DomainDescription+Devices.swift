extension DomainDescription {
    /// What the guest finds on its buses: three disks, two ports, a serial line and a source of randomness, and what
    /// its job alone has: a disk of the user's, shared directories.
    ///
    /// They stand on the root bus: libvirt would give each a port of its own, which firmware and guest then
    /// have to look through, a tenth of the boot under translation.
    var devices: XMLElement {
        XMLElement(
            "devices", [:],
            [
                disk("vda", overlay, over: base, slot: 2),
                disk("vdb", context, slot: 3),
                disk("vdc", tools, slot: 4),
                XMLElement("controller", ["type": "usb", "model": "none"]),
                XMLElement(
                    "controller", ["type": "virtio-serial", "index": "0", "ports": "3"], [address(slot: 5)]),
                // A terminal that nobody reads would block; the log is all that is wanted of it.
                XMLElement(
                    "serial", ["type": "null"],
                    [
                        XMLElement("log", ["file": console, "append": "off"]),
                        XMLElement("target", ["port": "0"]),
                    ]),
                channel("org.bivouac.control", controlSocket),
                channel("org.bivouac.payload", payloadSocket),
                XMLElement("memballoon", ["model": "none"]),
                XMLElement(
                    "rng", ["model": "virtio"],
                    [
                        XMLElement("backend", ["model": "random"], text: "/dev/urandom"), address(slot: 6),
                    ]),
            ] + (userDisk.map { [keptDisk($0)] } ?? [])
                + shares.enumerated().map { fileSystem($1, slot: 8 + $0) })
    }

    /// A disk that is to be whole whatever happens to machine and host.
    private func keptDisk(_ image: Image) -> XMLElement {
        XMLElement(
            "disk", ["type": "file", "device": "disk"],
            [
                driver(image, cache: "writeback"),
                source(image),
                XMLElement("target", ["dev": "vdd", "bus": "virtio"]),
                XMLElement("serial", text: userDiskSerial),
                address(slot: 7),
            ])
    }

    private func fileSystem(_ share: Share, slot: Int) -> XMLElement {
        XMLElement(
            "filesystem", ["type": "mount"],
            [
                XMLElement("driver", ["type": "virtiofs"]),
                XMLElement("source", ["socket": share.socket]),
                XMLElement("target", ["dir": share.tag]),
                address(slot: slot),
            ])
    }

    /// A disk of the guest: with a base it is written to and booted from, without one it is read-only.
    private func disk(_ name: String, _ image: Image, over base: Image? = nil, slot: Int) -> XMLElement {
        var children = [
            // Nobody reads the overlay after a crash of the host: what the guest writes need not be flushed.
            driver(image, cache: "unsafe"),
            source(image),
        ]
        if let base {
            children.append(
                XMLElement(
                    "backingStore", ["type": "file"],
                    [
                        XMLElement("format", ["type": base.format.rawValue]), source(base),
                        // The end of the chain: without it libvirt would look into the file for more.
                        XMLElement("backingStore"),
                    ]))
        }
        children.append(XMLElement("target", ["dev": name, "bus": "virtio"]))
        children.append(base == nil ? XMLElement("readonly") : XMLElement("boot", ["order": "1"]))
        children.append(address(slot: slot))
        return XMLElement("disk", ["type": "file", "device": "disk"], children)
    }

    /// A write that finds no room stops the machine, which makes it again when it is resumed.
    private func driver(_ image: Image, cache: String) -> XMLElement {
        XMLElement(
            "driver",
            [
                "name": "qemu", "type": image.format.rawValue, "cache": cache, "error_policy": "enospace",
            ])
    }

    /// A file that libvirt neither chowns nor relabels.
    private func source(_ image: Image) -> XMLElement {
        let label = XMLElement("seclabel", ["model": "dac", "relabel": "no"])
        return image.group.map { XMLElement("source", ["file": image.path, "fdgroup": $0], [label]) }
            ?? XMLElement("source", ["file": image.path], [label])
    }

    private func channel(_ port: String, _ socket: String) -> XMLElement {
        XMLElement(
            "channel", ["type": "unix"],
            [
                XMLElement("source", ["mode": "bind", "path": socket]),
                XMLElement("target", ["type": "virtio", "name": port]),
            ])
    }

    private func address(slot: Int) -> XMLElement {
        XMLElement(
            "address", ["type": "pci", "domain": "0", "bus": "0", "slot": "\(slot)", "function": "0"])
    }
}
