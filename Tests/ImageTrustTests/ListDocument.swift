import JSON

/// The JSON of an image list as a test wants it: a good one, with members changed.
struct ListDocument {
    static let identifier = "9c0a2f34-1b7e-4c39-8f3a-5a0d7c1e2b44"
    static let imageIdentifier = "0b6e5a11-92d4-4f0c-a8a7-3c2c3f9d7e10"

    var list: [(String, JSON)] = [
        ("dc:date:created", "2026-06-10T08:00:00Z"),
        ("dc:date:expires", "2026-07-08T08:00:00Z"),
        ("dc:identifier", .string(identifier)),
        ("dc:title", "Demo images"),
        ("dc:description", "Images of the demo VO"),
        ("dc:source", "https://images.example.org/"),
        ("hv:version", "1.0.0"),
        ("hv:uri", "https://images.example.org/demo.list"),
    ]
    var endorser: [(String, JSON)] = [
        ("dc:creator", "Eve Endorser"),
        ("hv:email", "eve@example.org"),
        ("hv:dn", .string(Grid.eve)),
        ("hv:ca", .string(Grid.authority)),
    ]
    /// In place of the object that is made of `endorser`.
    var endorserValue: JSON?
    var images: [[(String, JSON)]] = [image()]
    /// In place of the array that is made of `images`.
    var imagesValue: JSON?

    static func image(
        _ identifier: String = imageIdentifier, version: String = "1.0", sha512: String? = nil
    ) -> [(String, JSON)] {
        [
            ("dc:identifier", .string(identifier)),
            ("dc:title", "minimal"),
            ("dc:description", "A minimal image"),
            ("hv:version", .string(version)),
            ("hv:uri", "https://images.example.org/minimal.qcow2"),
            ("hv:size", .integer(4_194_304)),
            ("sl:checksum:sha512", .string(sha512 ?? String(repeating: "5a", count: 64))),
            ("hv:format", "qcow2"),
            ("hv:hypervisor", "kvm"),
            ("sl:arch", "x86_64"),
            ("sl:os", "Linux"),
            ("sl:osversion", "12"),
            ("sl:comments", ""),
        ]
    }

    /// The document with other members: a value replaces or adds, nil removes.
    func with(
        list changes: [String: JSON?] = [:], endorser endorserChanges: [String: JSON?] = [:],
        image imageChanges: [String: JSON?] = [:]
    ) -> ListDocument {
        var copy = self
        copy.list = Self.changed(list, changes)
        copy.endorser = Self.changed(endorser, endorserChanges)
        if !imageChanges.isEmpty { copy.images[0] = Self.changed(images[0], imageChanges) }
        return copy
    }

    static func changed(_ members: [(String, JSON)], _ changes: [String: JSON?]) -> [(String, JSON)] {
        var members = members
        for (name, value) in changes.sorted(by: { $0.key < $1.key }) {
            let index = members.firstIndex { $0.0 == name }
            switch (index, value) {
            case (let index?, let value?): members[index].1 = value
            case (let index?, nil): members.remove(at: index)
            case (nil, let value?): members.append((name, value))
            case (nil, nil): break
            }
        }
        return members
    }

    static func object(_ members: [(String, JSON)]) -> JSON {
        .object(members.map { JSON.Member($0.0, $0.1) })
    }

    var json: JSON {
        var members = list
        members.append(
            ("hv:endorser", endorserValue ?? Self.object([("hv:x509", Self.object(endorser))])))
        members.append(
            (
                "hv:images",
                imagesValue ?? .array(images.map { Self.object([("hv:image", Self.object($0))]) })
            ))
        return Self.object([("hv:imagelist", Self.object(members))])
    }

    /// One member a line, as people write it.
    var text: String { json.description.replacing(",\"", with: ",\n\"") + "\n" }
}

extension JSON: ExpressibleByStringLiteral {
    public init(stringLiteral value: String) { self = .string(value) }
}
