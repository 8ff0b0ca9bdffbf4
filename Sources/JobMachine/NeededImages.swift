package import Digest
internal import Evidence
package import ImageStore
package import Site

/// The images that must not leave the node's cache.
package enum NeededImages {
    /// Those that a live job's record or a start state names; a record that cannot be read counts against
    /// eviction.
    package static func on(_ places: Places) throws(ImageStoreError) -> Set<ImageDigest> {
        var needed: Set<ImageDigest> = []
        do throws(MachineFault) {
            for key in try LiveJob.keys(places) {
                guard let image = try LiveJob.peek(key, places: places)?.image else { continue }
                if let digest = ImageDigest(image.sha512) { needed.insert(digest) }
            }
        } catch {
            throw .unknownNeeds("\(error)")
        }
        do throws(EvidenceError) {
            return needed.union(try EvidenceStore(directory: places.evidence).images())
        } catch {
            throw .unknownNeeds("\(error)")
        }
    }
}
