extension DomainDescription {
    /// The description in libvirt's words (https://libvirt.org/formatdomain.html).
    package func xml() throws(DescriptionError) -> String {
        try checked().root.rendered()
    }

    private func checked() throws(DescriptionError) -> DomainDescription {
        func check(_ what: String, _ value: String, _ rule: String, _ holds: Bool) throws(DescriptionError) {
            if !holds { throw .outOfBounds(what: what, value: value, rule: rule) }
        }
        try check("memory", "\(memory)", "at least 1 MiB", memory >= 1 << 20)
        try check("the number of processors", "\(processors)", "from 1 to 255", (1...255).contains(processors))
        try check(
            "a host processor", "\(hostProcessors)", "from 0 to 65535",
            hostProcessors.allSatisfy { (0...65_535).contains($0) })
        // Root is what the machine must not run as.
        try check("the account", "\(uid):\(gid)", "other than root", uid > 0 && gid > 0)
        for path in [overlay, base, context, tools].map(\.path) + [controlSocket, payloadSocket, console] {
            try check("a path", path, "absolute", path.hasPrefix("/"))
        }
        return self
    }

    private var root: XMLElement {
        XMLElement(
            "domain", ["type": kind.rawValue],
            [
                XMLElement("name", text: name),
                XMLElement("uuid", text: uuid),
                XMLElement("title", text: title),
                XMLElement("memory", ["unit": "MiB"], text: "\(memory >> 20)"),
                vcpu,
                cputune,
                XMLElement(
                    "os", [:], [XMLElement("type", ["arch": "x86_64", "machine": "q35"], text: "hvm")]),
                features,
                processor,
                XMLElement("clock", ["offset": "utc"]),
                // The end of the guest is the end of the machine, whoever asks for it.
                XMLElement("on_poweroff", text: "destroy"),
                XMLElement("on_reboot", text: "destroy"),
                XMLElement("on_crash", text: "destroy"),
                XMLElement(
                    "pm", [:],
                    [
                        XMLElement("suspend-to-mem", ["enabled": "no"]),
                        XMLElement("suspend-to-disk", ["enabled": "no"]),
                    ]),
                devices,
                XMLElement(
                    "seclabel", ["type": "static", "model": "dac", "relabel": "yes"],
                    [XMLElement("label", text: "+\(uid):+\(gid)")]),
            ])
    }

    // MARK: - Processors

    private var cpuset: String { Set(hostProcessors).sorted().map(String.init).joined(separator: ",") }

    private var vcpu: XMLElement {
        hostProcessors.isEmpty
            ? XMLElement("vcpu", ["placement": "static"], text: "\(processors)")
            : XMLElement("vcpu", ["placement": "static", "cpuset": cpuset], text: "\(processors)")
    }

    private var cputune: XMLElement {
        var tuning: [XMLElement] = []
        // Under translation libvirt does not know the threads of the guest's processors apart.
        if kind == .kvm, !hostProcessors.isEmpty {
            for index in 0..<processors {
                let host = hostProcessors[index % hostProcessors.count]
                tuning.append(XMLElement("vcpupin", ["vcpu": "\(index)", "cpuset": "\(host)"]))
            }
            tuning.append(XMLElement("emulatorpin", ["cpuset": cpuset]))
        }
        if capped {
            let period = 100_000
            tuning.append(XMLElement("global_period", text: "\(period)"))
            tuning.append(XMLElement("global_quota", text: "\(period * processors)"))
        }
        return XMLElement("cputune", [:], tuning)
    }

    private var features: XMLElement {
        var features = [XMLElement("acpi"), XMLElement("apic")]
        if kind == .qemu {
            // QEMU would keep up to 1 GiB of translated code outside the guest's memory.
            features.append(
                XMLElement("tcg", [:], [XMLElement("tb-cache", ["unit": "MiB"], text: "32")]))
        }
        return XMLElement("features", [:], features)
    }

    private var processor: XMLElement {
        kind == .kvm
            ? XMLElement("cpu", ["mode": "host-passthrough", "check": "none", "migratable": "off"])
            : XMLElement("cpu", ["mode": "maximum", "check": "none", "migratable": "off"])
    }

    // MARK: - Devices

    private var devices: XMLElement {
        XMLElement(
            "devices", [:],
            [
                disk("vda", overlay, over: base),
                disk("vdb", context),
                disk("vdc", tools),
                XMLElement("controller", ["type": "usb", "model": "none"]),
                XMLElement("controller", ["type": "virtio-serial", "index": "0", "ports": "3"]),
                // A terminal that nobody reads would block; the log is all that is wanted of it.
                XMLElement(
                    "serial", ["type": "null"],
                    [XMLElement("log", ["file": console, "append": "off"]), XMLElement("target", ["port": "0"])]),
                channel("org.bivouac.control", controlSocket),
                channel("org.bivouac.payload", payloadSocket),
                XMLElement("memballoon", ["model": "none"]),
                XMLElement(
                    "rng", ["model": "virtio"],
                    [XMLElement("backend", ["model": "random"], text: "/dev/urandom")]),
            ])
    }

    private func disk(_ name: String, _ image: Image, over base: Image? = nil) -> XMLElement {
        // What the guest writes is read by nobody after a crash of the host: it need not reach the disk.
        var disk = XMLElement(
            "disk", ["type": "file", "device": "disk"],
            [
                XMLElement("driver", ["name": "qemu", "type": image.format.rawValue, "cache": "unsafe"]),
                source(image),
            ])
        var parts: [XMLElement] = []
        if let base {
            parts.append(
                XMLElement(
                    "backingStore", ["type": "file"],
                    [
                        XMLElement("format", ["type": base.format.rawValue]), source(base),
                        XMLElement("backingStore"),
                    ]))
        }
        parts.append(XMLElement("target", ["dev": name, "bus": "virtio"]))
        parts.append(base == nil ? XMLElement("readonly") : XMLElement("boot", ["order": "1"]))
        disk.content += parts.map { .element($0) }
        return disk
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
}
