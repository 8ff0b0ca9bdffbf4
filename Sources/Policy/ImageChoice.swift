package import Job
package import Site

/// Which image a job asks for: `image=LIST/ALIAS` among its words, else the default of its queue.
package enum ImageChoice {
    private static let key = "image="

    /// Refuses a name that cannot be read, several names, and none where the queue has none of its own.
    package static func choose(for job: Job, in queue: Queue) throws(Refusal) -> ImageName {
        let named = job.words.filter { $0.hasPrefix(key) }.map { $0.dropFirst(key.count) }
        var names: Set<ImageName> = []
        for text in named {
            guard let name = ImageName(String(text)) else {
                throw Refusal(
                    .BadImageName,
                    "'\(text.prefix(140))' does not name an image: write image=LIST/ALIAS or image=LIST/UUID")
            }
            names.insert(name)
        }
        guard names.count <= 1 else {
            let list = names.map(\.description).sorted().joined(separator: " and ")
            throw Refusal(.AmbiguousImage, "the job names \(list): name one image")
        }
        guard let name = names.first ?? queue.image else {
            throw Refusal(
                .NoImageNamed,
                "the job names no image and '\(queue.name)' has none of its own: name one with image=LIST/ALIAS"
            )
        }
        return name
    }
}
