package import Job
import Unix

extension ImageStore {
    /// Opens an image for a machine, and lets `fetch` bring it when this node lacks it.
    ///
    /// An image that an eviction takes away just then is fetched again. `damaged` is told of one that was not what
    /// had been verified, before it is fetched anew.
    package func obtain(
        _ source: ImageSource, damaged: (Refusal) throws(ImageStoreError) -> Void,
        fetch: () throws(ImageStoreError) -> Void
    ) throws(ImageStoreError) -> VerifiedImage {
        for _ in 1...10 {
            do throws(ImageStoreError) {
                return try open(source.digest)
            } catch {
                guard case .refused(let refusal) = error else { throw error }
                switch refusal.name {
                case .ImageUnavailable: break
                case .ChecksumMismatch: try damaged(refusal)
                default: throw error
                }
            }
            try fetch()
        }
        throw .refused(
            .ImageUnavailable,
            "the image \(source.digest.short) was fetched and has gone again, ten times: is the store too small?"
        )
    }
}
