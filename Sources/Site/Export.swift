internal import Job

/// A directory of the node that machines may see, read-only and under the same path: `[exports]`, name and path.
package struct Export: Hashable, Sendable {
    package let name: String
    /// Absolute, outside of what belongs to an image.
    package let path: String

    /// An export as it is declared.
    package init(name: String, path: String) {
        self.name = name
        self.path = path
    }

    /// The most that one machine can have, each being a device of it.
    package static let limit = 8

    /// Reads `[exports]`.
    static func all(_ section: Section) throws(SiteFault) -> [Export] {
        var exports: [Export] = []
        for name in section.names {
            guard ImageName.isWord(name) else {
                throw section.fault(
                    at: name,
                    "is no name: 1 to 64 letters, digits, '.', '_' and '-', the first a letter or digit")
            }
            let rule = "the absolute path of a directory that is no part of a system, like \"/cvmfs\""
            let path = try section.string(name, rule: rule) { GuestPlace.allows(text: $0) }
            if let path { exports.append(Export(name: name, path: path)) }
        }
        return exports
    }
}
