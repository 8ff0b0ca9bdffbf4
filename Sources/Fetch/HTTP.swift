package import Download

/// The way to servers.
package enum HTTP {
    /// Fetches over http and https, as `Download.perform(into:)` does.
    package static let transport: Transport = { (download, sink) throws(FetchError) in
        try download.perform(into: sink)
    }
}
