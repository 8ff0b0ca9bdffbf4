internal import Audit
internal import Evidence
internal import JSON
package import Site

/// Whether evidence is what was written, by the digests beside it and by those in the audit log.
package enum EvidenceCheck {
    /// Names of the files of a machine's evidence that are not as they were recorded, in order; `path` is its place
    /// below the evidence directory.
    ///
    /// Manifest and end state are compared with the audit log as far as that goes back.
    package static func damage(of path: String, _ places: Places) throws(MachineFault) -> [String] {
        let store = EvidenceStore(directory: places.evidence)
        var damaged = try atNode("could not read \(path)") { () throws(EvidenceError) in
            Set(try store.damage(of: path))
        }
        try atNode("could not compare \(path) with the audit log") { () throws(AuditError) in
            try AuditLog(path: places.auditLog).search(
                events: [.start, .end], where: [AuditCondition(["evidence"], is: path)]
            ) { entry in
                let manifest = entry.fields["manifest"]?.text
                if let manifest, (try? store.manifestDigest(of: path)) != manifest {
                    damaged.insert(StartState.file)
                }
                let endState = entry.fields["endState"]?.text
                if let endState, (try? store.endStateDigest(of: path)) != endState {
                    damaged.insert(EndState.file)
                }
                return .more
            }
        }
        return damaged.sorted()
    }
}
