package import Job

/// Why a hook's surroundings do not make a job.
package struct BatchError: Error, Hashable, Sendable, CustomStringConvertible {
    package let blame: Blame
    package let description: String

    package init(_ blame: Blame, _ description: String) {
        self.blame = blame
        self.description = description
    }
}
