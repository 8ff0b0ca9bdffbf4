package import ImageTrust
package import Job
package import Site

extension Site {
    /// Those who may sign a list; a file of `endorsers.d` that is missing or names nobody readable counts for
    /// nothing and is told as a refusal.
    package func endorsers(of rule: ListRule) -> (authorised: [Endorser], faults: [Refusal]) {
        var authorised: [Endorser] = []
        var faults: [Refusal] = []
        for name in rule.endorsers {
            guard let endorser = endorsers[name] else {
                faults.append(
                    Refusal(
                        .EndorserNotAuthorised,
                        "the list '\(rule.name)' names the endorser '\(name)', who is not in endorsers.d"))
                continue
            }
            do throws(Refusal) {
                authorised.append(try Endorser(endorser))
            } catch {
                faults.append(error)
            }
        }
        return (authorised, faults)
    }

    /// The directory of trust anchors.
    package var trustAnchors: TrustAnchors { TrustAnchors(directory: anchors) }
}

extension Endorser {
    /// Refuses names that cannot be read, or can be read in two ways.
    package init(_ rule: EndorserRule) throws(Refusal) {
        try self.init(name: rule.name, dn: rule.dn, ca: rule.ca, vo: rule.vo)
    }
}

extension Subscription {
    package init(_ rule: ListRule) {
        self.init(
            name: rule.name, identifier: rule.identifier, uri: rule.uri,
            refusesNewImages: rule.newImages == .refuse, named: Array(rule.images.values))
    }
}

extension DigestPolicy {
    package init(_ rule: ListRule) { self = rule.sha1 ? .sha1AndSha2 : .sha2 }
}
