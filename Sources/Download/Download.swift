/// What is to be fetched over http or https, and within which bounds.
package struct Download: Sendable {
    /// What is known of the copy at hand, so that the server need not send it again (RFC 9110, section 13).
    package struct Validators: Hashable, Sendable, Codable {
        /// `ETag` as the server wrote it.
        package var entityTag: String?
        /// `Last-Modified` as the server wrote it.
        package var lastModified: String?

        package init(entityTag: String? = nil, lastModified: String? = nil) {
            self.entityTag = entityTag
            self.lastModified = lastModified
        }

        /// Whether there is anything to ask by.
        package var isEmpty: Bool { entityTag == nil && lastModified == nil }
    }

    /// Whose word for an https server counts.
    package enum Authorities: Hashable, Sendable {
        /// Those that libcurl was built with, the distribution's.
        case system
        /// A directory of `<hash>.0` files.
        case directory(String)
    }

    /// How long one waits for what, in seconds.
    package struct Patience: Hashable, Sendable {
        package var connect: Int
        /// For all of it, redirections included.
        package var total: Int
        /// For the next bytes; a server that dribbles fewer than a hundred a second counts as silent.
        package var stall: Int

        package init(connect: Int = 10, total: Int = 60, stall: Int = 15) {
            self.connect = connect
            self.total = total
            self.stall = stall
        }
    }

    package var uri: String
    /// The longest body, in bytes; what is here already counts.
    package var limit: Int64
    /// Bytes from the body's beginning that are here already: only the rest is asked for (RFC 9110, section 14).
    ///
    /// A server may send all of it in spite of that.
    package var offset: Int64
    /// The most bytes that come in a second; nil for as many as can.
    package var rate: Int64?
    package var validators: Validators
    package var authorities: Authorities
    /// The proxy that is asked, as `http://HOST:PORT`.
    ///
    /// Nil goes straight to the server. What the environment says of proxies counts for nothing.
    package var proxy: String?
    package var patience: Patience

    package init(
        _ uri: String, limit: Int64, from offset: Int64 = 0, rate: Int64? = nil,
        validators: Validators = Validators(), authorities: Authorities = .system,
        proxy: String? = nil, patience: Patience = Patience()
    ) {
        self.uri = uri
        self.limit = limit
        self.offset = offset
        self.rate = rate
        self.validators = validators
        self.authorities = authorities
        self.proxy = proxy
        self.patience = patience
    }

    /// How it ended well.
    package enum Outcome: Hashable, Sendable {
        /// The copy at hand is what the server has.
        case notModified
        /// All of the body is here, what was here before included.
        case complete(bytes: Int64, Validators)
    }
}
