internal import Digest
internal import Evidence
package import ImageStore
internal import Job
package import Site
internal import Unix

/// The images that must not leave the node's cache.
package enum NeededImages {
    /// Those that a live job's record or a start state names; a record that cannot be read counts against
    /// eviction.
    package static func on(_ places: Places) throws(ImageStoreError) -> ImageNeeds {
        var needs = ImageNeeds()
        do throws(MachineFault) {
            for key in try LiveJob.keys(places) {
                let record = try LiveJob.peek(key, places: places)
                guard record != nil || !Files.exists(places.job(key).record) else {
                    throw .fault(.node, "the record of job \(key) is damaged")
                }
                if let digest = record?.image.flatMap({ ImageDigest($0.sha512) }) {
                    needs.add(digest, because: "job \(key) runs from it")
                }
            }
        } catch {
            throw .unknownNeeds("\(error)")
        }
        // A job that ends meanwhile has left its start state before its record goes.
        do throws(EvidenceError) {
            for (path, digest) in try EvidenceStore(directory: places.evidence).images() {
                needs.add(digest, because: "start state \(path)")
            }
        } catch {
            throw .unknownNeeds("\(error)")
        }
        return needs
    }
}
