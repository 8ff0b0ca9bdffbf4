package import Job

/// A subscription to an image list: `lists.d/NAME.toml`; its images are called `NAME/ALIAS` or `NAME/UUID`.
package struct ListRule: Hashable, Sendable {
    /// What becomes of images that appear in a later version of the list.
    package enum NewImages: String, Hashable, Sendable, CaseIterable {
        case accept, refuse
    }

    /// The name of the file, without `.toml`.
    package var name: String
    /// Where the signed list is fetched.
    package var uri: String
    /// The `dc:identifier` that the list must carry.
    package var identifier: String
    /// The names of those who may sign it, any one of them.
    package var endorsers: [String]
    /// How many lists of different endorsers must name an image's SHA-512.
    package var threshold: Int
    /// The class of the list's images, 1 to 3.
    package var imageClass: Int
    /// What becomes of new images.
    package var newImages: NewImages
    /// The `dc:identifier` of each image that has an alias.
    package var images: [String: String]
    /// Who may use the list; an empty array does not restrict, of the others each must hold.
    package var users: [String]
    /// Names of groups, like `users`.
    package var groups: [String]
    /// Names of accounting projects, like `users`.
    package var accounts: [String]
    /// What is kept of the disks of machines that boot its images, where that is more than the queue says.
    package var endState: EvidenceRule.EndState?
    /// Whether a signature over SHA-1 is accepted.
    package var sha1: Bool
    /// The one form of context that the list's images look for; nil where they may look for any.
    package var context: ContextForm?
    /// The same for single images, by alias; goes before `context`.
    package var contexts: [String: ContextForm]

    /// A subscription with the default for what is left out.
    package init(
        name: String, uri: String, identifier: String, endorsers: [String], threshold: Int = 1,
        imageClass: Int, newImages: NewImages = .accept, images: [String: String] = [:], users: [String] = [],
        groups: [String] = [], accounts: [String] = [], sha1: Bool = false, context: ContextForm? = nil,
        contexts: [String: ContextForm] = [:]
    ) {
        self.name = name
        self.uri = uri
        self.identifier = identifier
        self.endorsers = endorsers
        self.threshold = threshold
        self.imageClass = imageClass
        self.newImages = newImages
        self.images = images
        self.users = users
        self.groups = groups
        self.accounts = accounts
        self.sha1 = sha1
        self.context = context
        self.contexts = contexts
    }

    /// The forms of context that an image of the list is given, whether it is named by an alias or not.
    package func contextForms(of image: ImageName) -> [ContextForm] {
        let aliases = images.filter { $0.key == image.image || $0.value == image.image }.map(\.key).sorted()
        let own = aliases.lazy.compactMap { contexts[$0] }.first
        return (own ?? context).map { [$0] } ?? ContextForm.allCases
    }
}
