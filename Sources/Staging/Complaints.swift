internal import Unix

/// What could not be done with a tree: each thing by its path, no more of them than one reads.
package struct Complaints: Sendable {
    private static let most = 20

    package private(set) var lines: [String] = []
    /// How many there were, with those that are left out of `lines`.
    package private(set) var count = 0

    package init() {}

    mutating func add(_ path: [FileName], _ reason: String) {
        count += 1
        guard lines.count < Self.most else { return }
        let name = path.map(\.text).joined(separator: "/")
        lines.append("\(name.isEmpty ? "the directory itself" : name): \(reason)")
    }

    mutating func add(_ path: [FileName], _ error: UnixError) { add(path, error.reason) }
}
