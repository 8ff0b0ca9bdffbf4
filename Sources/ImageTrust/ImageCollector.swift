internal import JSON
internal import Job

/// Takes the elements of `hv:images` one by one, so that a long list is never held twice.
struct ImageCollector {
    private var images: [ListedImage] = []
    private var positions: [ImageIdentifier: [Int]] = [:]
    /// Whether none came beyond the limit.
    private(set) var areAll = true

    /// So many with all their mandatory members are as long as a list may be.
    static let limit = 1 << 14

    mutating func add(_ element: JSON) {
        guard images.count < Self.limit else {
            areAll = false
            return
        }
        let position = images.count
        let image = element["hv:image"]
        let identifier = (image?["dc:identifier"]?.text).flatMap { ImageIdentifier($0) }
        if let identifier { positions[identifier, default: []].append(position) }
        do throws(Refusal) {
            images.append(.accepted(try ImageEntry(image, position)))
        } catch {
            images.append(refused(position, identifier, image?["dc:title"]?.text, error))
        }
    }

    /// All images; none of several with one identifier can be told to be the right one.
    var collected: [ListedImage] {
        var images = images
        for (identifier, twins) in positions where twins.count > 1 {
            for position in twins {
                let title =
                    switch images[position] {
                    case .accepted(let entry): entry.title
                    case .refused(let image): image.title
                    }
                images[position] = refused(
                    position, identifier, title,
                    Refusal(
                        .DuplicateImage, "image \(identifier) stands in the list \(twins.count) times"))
            }
        }
        return images
    }

    private func refused(
        _ position: Int, _ identifier: ImageIdentifier?, _ title: String?, _ refusal: Refusal
    ) -> ListedImage {
        .refused(
            ListedImage.Refused(
                position: position, identifier: identifier, title: title.map { String($0.prefix(200)) },
                refusal: refusal))
    }
}
