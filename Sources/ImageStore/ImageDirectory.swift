/// The directory of one image in the store.
struct ImageDirectory {
    let path: String

    var image: String { path + "/image" }
    var entry: String { path + "/entry.json" }
    /// Its time is when a job last started from the image.
    var used: String { path + "/used" }
    /// Its time is when all of the image was last read again and found good.
    var verified: String { path + "/verified" }
    /// Where it is while it is being evicted: out of sight, and back if somebody turns out to need it.
    var withdrawn: String { path + ".old" }
}
