/// The directory of one image in the store.
struct ImageDirectory {
    let path: String

    var image: String { path + "/image" }
    var entry: String { path + "/entry.json" }
}
