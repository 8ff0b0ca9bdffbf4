package import Job

extension StoredList {
    /// Refuses a list whose images must not boot now: it is past its end or the site's maximum age, or its
    /// signer's certificate would not be accepted with the revocation lists that are on disk now.
    ///
    /// The cost does not depend on what the list holds.
    package func recheck(
        anchors: TrustAnchors, maximumAge: Int64, at now: Timestamp
    ) throws(Refusal) {
        try checkFreshness(maximumAge: maximumAge, at: now)
        try checkSigner(anchors: anchors, at: now)
    }

    /// The part of `recheck` that asks the authorities alone.
    package func checkSigner(anchors: TrustAnchors, at now: Timestamp) throws(Refusal) {
        guard let certificate = Certificate.reading(der: signer.certificate.bytes) else {
            throw Refusal(.UntrustedIssuer, "the stored certificate of the signer of '\(name)' is damaged")
        }
        try anchors.check(certificate, at: now)
    }

    /// The part of `recheck` that asks the clock alone.
    package func checkFreshness(maximumAge: Int64, at now: Timestamp) throws(Refusal) {
        try Freshness(created: created, expires: expires).check(
            at: now, maximumAge: maximumAge, expired: .StaleList)
    }

    /// The list with the verdict of `recheck`.
    package func standing(anchors: TrustAnchors, maximumAge: Int64, at now: Timestamp) -> ListStanding {
        do throws(Refusal) {
            try recheck(anchors: anchors, maximumAge: maximumAge, at: now)
            return ListStanding(list: self, refusal: nil)
        } catch {
            return ListStanding(list: self, refusal: error)
        }
    }
}
