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
        try check(
            "the number of processors", "\(processors)", "from 1 to 255", (1...255).contains(processors))
        try check(
            "a host processor", "\(hostProcessors)", "from 0 to 65535",
            hostProcessors.allSatisfy { (0...65_535).contains($0) })
        // Root is what the machine must not run as.
        try check("the account", "\(uid):\(gid)", "other than root", uid > 0 && gid > 0)
        let files = [overlay, base, context, tools, userDisk].compactMap { $0?.path } + shares.map(\.socket)
        for path in files + [controlSocket, payloadSocket, console] {
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
            ] + memoryBacking + [
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

    /// Memory that another process can be given, which serves requests of the guest there.
    private var memoryBacking: [XMLElement] {
        shares.isEmpty
            ? []
            : [
                XMLElement(
                    "memoryBacking", [:],
                    [XMLElement("source", ["type": "memfd"]), XMLElement("access", ["mode": "shared"])])
            ]
    }

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
            : XMLElement(
                "cpu", ["mode": "maximum", "check": "none", "migratable": "off"],
                // Kernels copy with byte-wide string instructions where they are said to be fast; translated they
                // take eight times as long as wide ones.
                [XMLElement("feature", ["policy": "disable", "name": "erms"])])
    }
}
