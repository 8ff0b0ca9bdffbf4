/// One answer to a question about a node: what is so, or what is wrong and what to do about it.
package struct Finding: Hashable, Sendable, Encodable {
    /// How much it matters; the spelling is part of what `bivouac doctor --json` prints.
    package enum Verdict: String, Hashable, Sendable, Encodable {
        case ok, warning, failure
        /// It could not be seen from here.
        case unknown
    }

    /// Stable, as README lists them.
    package let name: String
    package let verdict: Verdict
    package let message: String

    package init(_ name: String, _ verdict: Verdict, _ message: String) {
        self.name = name
        self.verdict = verdict
        self.message = message
    }

    /// Nothing to be done.
    package static func ok(_ name: String, _ message: String) -> Finding { Finding(name, .ok, message) }

    /// Jobs run, but not as they should, or not for long.
    package static func warning(_ name: String, _ message: String) -> Finding {
        Finding(name, .warning, message)
    }

    /// Jobs fail, drain the node, or run where they must not.
    package static func failure(_ name: String, _ message: String) -> Finding {
        Finding(name, .failure, message)
    }

    /// The question could not be asked, and why.
    package static func unknown(_ name: String, _ message: String) -> Finding {
        Finding(name, .unknown, message)
    }
}
