import Job

extension ListRule {
    static let keys = [
        "uri", "identifier", "endorsers", "threshold", "class", "new_images", "images", "users", "groups",
        "accounts", "allow_sha1", "end_state", "context", "contexts",
    ]
    private static let identifierRule = "an identifier of 1 to 128 characters without white space"

    init(name: String, _ section: Section) throws(SiteFault) {
        let uri = try section.string("uri", rule: "an address that begins with https://, http:// or file:///")
        {
            text in
            ["https://", "http://", "file:///"].contains {
                text.hasPrefix($0) && text.utf8.count > $0.utf8.count
            }
                && Section.isVisible(text, limit: 2048)
        }
        let identifier = try section.string("identifier", rule: Self.identifierRule) {
            Section.isVisible($0, limit: 128)
        }
        let endorsers = try section.strings(
            "endorsers", rule: "the name of a file in endorsers.d, without .toml"
        ) {
            ImageName.isWord($0)
        }
        self.init(
            name: name,
            uri: try section.required("uri", uri, example: "\"https://...\""),
            identifier: try section.required("identifier", identifier, example: "\"UUID\""),
            endorsers: try section.required("endorsers", endorsers, example: "[\"NAME\"]"),
            imageClass: Int(
                try section.required("class", try section.integer("class", in: 1...3), example: "1, 2 or 3")))
        guard !self.endorsers.isEmpty else { throw section.fault(at: "endorsers", "is empty: name one") }
        threshold = Int(try section.integer("threshold", in: 1...16) ?? 1)
        newImages = try section.choice("new_images", NewImages.self) ?? newImages
        users = try section.people("users")
        groups = try section.people("groups")
        accounts = try section.people("accounts")
        sha1 = try section.boolean("allow_sha1") ?? sha1
        endState = try section.choice("end_state", EvidenceRule.EndState.self)
        context = try section.choice("context", ContextForm.self)
        if let aliases = try section.section("images", keys: nil) { try addImages(aliases) }
        guard let contexts = try section.section("contexts", keys: nil) else { return }
        for alias in contexts.names {
            guard images[alias] != nil else {
                throw contexts.fault(at: alias, "is no alias of [images]: name it there, or drop it")
            }
            self.contexts[alias] = try contexts.choice(alias, ContextForm.self)
        }
    }

    private mutating func addImages(_ aliases: Section) throws(SiteFault) {
        for alias in aliases.names {
            guard ImageName.isWord(alias) else {
                throw aliases.fault(
                    at: alias,
                    "is no alias: 1 to 64 letters, digits, '.', '_' and '-', the first a letter or digit")
            }
            images[alias] = try aliases.string(alias, rule: Self.identifierRule) {
                Section.isVisible($0, limit: 128)
            }
        }
    }
}
