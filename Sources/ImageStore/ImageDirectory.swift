/// The directory of one image in the store, or of one that is on its way.
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

    // Only of an image on its way.

    /// What has come of a packed image.
    var packed: String { path + "/packed" }
    /// The disk out of an OVA.
    var disk: String { path + "/disk" }
    /// Where another program writes.
    var converted: String { path + "/converted" }
    /// Who is at it.
    var holder: String { path + "/holder.json" }

    /// Where the bytes go that come.
    func body(_ packing: Packing) -> String { packing == .plain ? image : packed }
}
