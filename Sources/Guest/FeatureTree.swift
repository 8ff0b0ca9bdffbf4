package import GuestProtocol
package import Unix

/// One directory of Machine/Job Features (HSF-TN-2016-02): a file per key, its whole content the value.
package struct FeatureTree: Sendable {
    private let directory: String

    /// The directory as the agent writes it; readers see it elsewhere, read-only.
    package init(directory: String) { self.directory = directory }

    /// Makes the directory and its files.
    package func publish(_ features: [Assignment.Feature]) throws(UnixError) {
        try Files.makeDirectory(directory, mode: 0o755)
        for feature in features { try publish(feature) }
    }

    /// Replaces one value as a whole: who reads it meanwhile sees the old or the new one.
    package func publish(_ feature: Assignment.Feature) throws(UnixError) {
        // No key begins with a dot.
        let temporary = "\(directory)/.\(feature.key)"
        try Files.remove(temporary)
        let file = try FileDescriptor.open(temporary, [.write, .create, .exclusive], mode: 0o444)
        try file.changeMode(0o444)
        try file.write(feature.value)
        try Files.rename(temporary, to: "\(directory)/\(feature.key)")
    }

    /// Takes a value back.
    package func withdraw(_ key: String) throws(UnixError) { try Files.remove("\(directory)/\(key)") }
}
