/// What a site decided about one image list, as far as accepting a new version of it goes.
package struct Subscription: Hashable, Sendable {
    /// What the site calls the list.
    package var name: String
    /// The `dc:identifier` that the list must carry.
    package var identifier: String
    /// Where the site fetches it.
    package var uri: String
    /// Whether an image that appears in a later version is refused until the site names it.
    package var refusesNewImages: Bool
    /// The `dc:identifier` of the images that the site names.
    package var named: [String]

    package init(
        name: String, identifier: String, uri: String, refusesNewImages: Bool = false, named: [String] = []
    ) {
        self.name = name
        self.identifier = identifier
        self.uri = uri
        self.refusesNewImages = refusesNewImages
        self.named = named
    }

    /// What an operator lets pass once, knowing better than the rule.
    package enum Consent: Hashable, Sendable {
        /// The list says it lives on another host now.
        case moved
        /// An older version is wanted, for instance after a version that leapt ahead.
        case rollback
    }
}
