/// Who an image in the node's store is charged to: whoever had it fetched.
package struct ImageClaim: Hashable, Sendable, Codable {
    /// What it was asked for by.
    package var image: ImageName
    package var vo: String
    /// Nil when no job asked for it.
    package var user: String?

    package init(image: ImageName, vo: String, user: String?) {
        self.image = image
        self.vo = vo
        self.user = user
    }

    /// The name that a quota of this kind goes by.
    package subscript(kind: ImageQuota.Kind) -> String? {
        switch kind {
        case .vo: vo
        case .list: image.list
        case .user: user
        }
    }
}

/// The most that images may take in the node's store, for each of those that they are charged to.
package struct ImageQuota: Hashable, Sendable {
    /// What a quota is for.
    package enum Kind: String, Hashable, Sendable, CaseIterable {
        case vo, list, user

        /// In a message.
        package var title: String { self == .vo ? "VO" : rawValue }
    }

    /// For each of a kind that has none of its own.
    package var each: [Kind: ByteCount]
    /// By name; these overrule.
    package var named: [Kind: [String: ByteCount]]

    /// No quota for what is left out.
    package init(each: [Kind: ByteCount] = [:], named: [Kind: [String: ByteCount]] = [:]) {
        self.each = each
        self.named = named
    }

    /// The quota of one VO, list or user; nil when there is none.
    package func limit(_ kind: Kind, of name: String) -> ByteCount? { named[kind]?[name] ?? each[kind] }
}
