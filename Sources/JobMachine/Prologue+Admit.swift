import Audit
import Digest
package import ImageStore
package import ImageTrust
import Job
import ListStore
import Policy
import Site
import Unix

extension Prologue {
    /// Judges the job against what the site says at this moment; the answer is in the audit log before
    /// anything follows from it.
    func admit(_ job: Job, _ live: inout LiveJob) throws(MachineFault) -> Admission {
        let now = clock()
        let admission: Admission
        do {
            let request = try Request(job, site)
            var standings: [String: ListStanding] = [:]
            for list in try ListStore(places).load(request.lists) {
                standings[list.name] = list.standing(
                    anchors: site.trustAnchors, maximumAge: site.maximumListAge, at: now)
            }
            admission = try Policy.admit(job, site: site, lists: standings, at: now)
        } catch let refusal as Refusal {
            throw .refused(refusal)
        } catch {
            throw .fault(.node, "\(error)")
        }
        try live.advance(.admit, at: now) { $0.image = Record.Image(admission) }
        try journal.write(.admission, live.record, at: now)
        return admission
    }

    /// The image's file, whose bytes are those that the list names.
    func open(_ admission: Admission, before deadline: Deadline) throws(MachineFault) -> VerifiedImage {
        let store = ImageStore(directory: places.images)
        do throws(ImageStoreError) {
            if try store.find(admission.digest) == nil {
                _ = try store.fetch(
                    try ImageSource(admission.entry), limit: site.store.limit, now: clock(), before: deadline
                ) { () throws(ImageStoreError) in try NeededImages.on(places) }
            }
            return try store.open(admission.digest)
        } catch {
            switch error {
            case .refused(let refusal): throw .refused(refusal)
            case .busy:
                throw .refused(
                    Refusal(
                        .PrologueTimeout, "image '\(admission.image)' was still being fetched when the prologue's "
                            + "time was over (prologue_timeout = \(site.prologueTimeout) s): submit the job again"))
            case .inUse, .full, .noSpace, .unknownNeeds, .file: throw .fault(.node, "\(error)")
            }
        }
    }
}

extension ImageSource {
    /// Refuses a format that the store does not keep.
    package init(_ entry: ImageEntry) throws(ImageStoreError) {
        let format: ImageFormat
        do throws(Refusal) {
            format = try ImageFormat(declared: entry.format)
        } catch {
            throw .refused(error)
        }
        self.init(digest: entry.sha512, size: entry.size.bytes, format: format, uri: entry.uri.description)
    }
}

extension Record.Image {
    init(_ admission: Admission) {
        self.init(
            name: admission.image.description, sha512: admission.digest.description,
            identifier: admission.entry.identifier.description, version: admission.entry.version.description,
            list: admission.list.name, listVersion: admission.list.version.description,
            endorser: admission.endorser.name, vo: admission.endorser.vo, class: admission.imageClass)
    }
}
