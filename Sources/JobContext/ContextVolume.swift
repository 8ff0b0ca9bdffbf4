/// The volume that tells one machine who it is, as the HEPiX and OpenNebula contextualisations look for it:
/// labelled CONTEXT, with context.sh, prolog.sh and epilog.sh to be sourced as root, and the agent's own
/// assignment.json.
package enum ContextVolume {
    package static let label = "CONTEXT"
    /// Bytes of an assignment.
    package static let assignmentLimit = 1 << 20

    /// The assignment is the JSON text that the agent parses.
    package static func make(facts: ContextFacts, assignment: [UInt8]) throws(ContextError) -> Volume {
        guard assignment.count <= assignmentLimit else {
            throw .tooLarge("bytes of assignment.json", limit: assignmentLimit)
        }
        return try Volume(
            label: label,
            files: [
                Volume.File("context.sh", .bytes(Array(try facts.shellText().utf8))),
                Volume.File("prolog.sh", .bytes(Array(ContextScripts.prolog.utf8))),
                Volume.File("epilog.sh", .bytes(Array(ContextScripts.epilog.utf8))),
                Volume.File("assignment.json", .bytes(assignment)),
            ])
    }
}
