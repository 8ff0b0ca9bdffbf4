package import Unix

/// An open image whose file is the one that was verified; the descriptor goes to QEMU, whatever happens to the
/// path.
package struct VerifiedImage: ~Copyable {
    package let image: StoredImage
    /// Where the image lies; for records and for the overlay's header.
    package let path: String
    /// Open for reading.
    package let file: FileDescriptor
}
