package import ImageTrust
package import Job
package import Site

extension RunningImage {
    /// Judges an image that runs by what the site says now; nil when it would still be admitted.
    ///
    /// It is a pure function like `admit`. A newer version of the image is no revocation of the older one, and
    /// who may use queue and list is asked at the start alone. `signer` is why the authorities do not vouch for
    /// the list's signer now.
    package func revocation(
        site: Site, list: StoredList, signer: Refusal?, at now: Timestamp
    ) -> Revocation? {
        if let denial = denial(site, list) {
            return Revocation(
                refusal: Refusal(.ImageDenied, "image \(identifier): \(denial.reason) (\(denial.file))"),
                isCertain: !denial.everything)
        }
        let judge = ListJudge(site: site, now: now)
        do throws(Refusal) {
            guard let rule = site.lists[name.list] else {
                throw Refusal(.UnknownImage, "'\(name)': this site has no list '\(name.list)' any more")
            }
            try judge.checkSigner(list, rule)
            if let signer { throw signer }
            guard let identifier = ImageIdentifier(identifier) else { return nil }
            let entry = try judge.image(identifier, named: name, in: list, rule)
            try list.checkFreshness(maximumAge: site.maximumListAge, at: now)
            try judge.checkExpiry(entry)
            return nil
        } catch {
            return Revocation(refusal: error, isCertain: Self.isCertain(error.name, site))
        }
    }

    /// What follows from a file that is missing may be that file's fault.
    private static func isCertain(_ name: Refusal.Name, _ site: Site) -> Bool {
        switch name {
        case .CertRevoked, .IssuerRevoked: true
        case .EndorserNotAuthorised, .UnknownImage: site.faults.isEmpty
        default: false
        }
    }

    /// What denies it by the names it was admitted under or by those it has now; a file that is understood
    /// before one that is not.
    private func denial(_ site: Site, _ list: StoredList) -> Denial? {
        let denials = site.denials.filter { denial in
            [(endorser, vo), (list.signer.endorser, list.signer.vo)].contains {
                denial.denies(
                    sha512: sha512, identifiers: [identifier, list.identifier.description], endorser: $0.0,
                    vo: $0.1)
            }
        }
        return denials.first { !$0.everything } ?? denials.first
    }
}
