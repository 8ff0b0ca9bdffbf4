/// Octets that somebody signed whom the anchors vouch for; only `SignedMessage.verify` makes one.
package struct SignedContent: Hashable, Sendable {
    /// The signed octets, every line end as CRLF.
    package let octets: [UInt8]
    package let signature: Signature

    init(octets: [UInt8], signature: Signature) {
        self.octets = octets
        self.signature = signature
    }
}
