import Job

/// The evidence of one machine.
package struct EvidenceEntry: Hashable, Sendable {
    /// Below the evidence directory: `2026-11-21/demo-4711.0`.
    package let path: String
    /// Nil where a start state cannot be read, or was never written.
    package let start: StartState?
    package let end: EndState?
    package let hold: Hold?
    /// What it takes on disk, the signed list, which is shared, left out.
    package let bytes: Int64

    /// The day and the machine's name; a second start state under the same name has `~2` behind it.
    package var name: String { String(path.drop { $0 != "/" }.dropFirst().prefix { $0 != "~" }) }

    /// From when its time is counted: the machine's end, else its start; nil where neither is known.
    var moment: Timestamp? { end?.ended ?? start?.recorded }
}
