internal import JSON

/// What cloud-init and its kin are told, all of it JSON: YAML's double-quoted strings and flow collections
/// take JSON as it is, so that one encoder serves the readers of both.
enum CloudData {
    /// User data: a cloud-config that starts the agent as early as it can, and makes no account, no key and no
    /// package.
    static var userData: [UInt8] {
        let configuration = JSON.object([
            .init("bootcmd", .array([.array(["sh", "-c", ContextScripts.prolog].map { .string($0) })])),
            // Else an image makes its usual account, which may become root.
            .init("users", .array([])),
            .init("disable_root", .bool(true)),
            .init("ssh_pwauth", .bool(false)),
            // Without host keys no ssh server comes up.
            .init("ssh_genkeytypes", .array([])),
            .init("package_update", .bool(false)),
            .init("package_upgrade", .bool(false)),
        ])
        return Array("#cloud-config\n\(configuration)\n".utf8)
    }

    /// `meta-data` of NoCloud.
    static func metaData(_ facts: ContextFacts) throws(ContextError) -> [UInt8] {
        document([
            .init("instance-id", .string(facts.uuid)), .init("local-hostname", .string(facts.hostname)),
            .init("bivouac", try words(facts)),
        ])
    }

    /// `openstack/latest/meta_data.json` of a configuration drive.
    static func openStack(_ facts: ContextFacts) throws(ContextError) -> [UInt8] {
        document([
            .init("uuid", .string(facts.uuid)), .init("name", .string(facts.hostname)),
            .init("hostname", .string(facts.hostname)), .init("launch_index", .integer(0)),
            .init("meta", try words(facts)),
        ])
    }

    /// `ec2/latest/meta-data.json` of a configuration drive.
    static func ec2(_ facts: ContextFacts) -> [UInt8] {
        document([
            .init("instance-id", .string(facts.uuid)), .init("hostname", .string(facts.hostname)),
            .init("local-hostname", .string(facts.hostname)),
        ])
    }

    private static func words(_ facts: ContextFacts) throws(ContextError) -> JSON {
        var members: [JSON.Member] = []
        for (name, value) in facts.words {
            guard value.utf8.count <= ShellText.valueLimit, !value.utf8.contains(0) else {
                throw .invalidVariable(name, why: "the value is too long or contains a NUL")
            }
            // YAML 1.2, section 5.1, has no place for these two anywhere.
            let text = String(
                String.UnicodeScalarView(
                    value.unicodeScalars.map { [0xFFFE, 0xFFFF].contains($0.value) ? "?" : $0 }))
            members.append(.init(name.lowercased(), .string(text)))
        }
        return .object(members)
    }

    private static func document(_ members: [JSON.Member]) -> [UInt8] {
        Array("\(JSON.object(members))\n".utf8)
    }
}
