import Disk
import Job
import Unix

/// Refuses files that are declared raw and are evidently something else.
enum RawInspection {
    /// First bytes of other formats; a raw disk begins with a boot sector or with nothing.
    private static let others: [(format: String, magic: [UInt8])] = [
        ("qcow2", QcowHeader.magic),
        ("QED", Array("QED\0".utf8)),
        ("VMDK", Array("KDMV".utf8)),
        ("VMDK", Array("COWD".utf8)),
        ("VMDK", Array("# Disk Descriptor".utf8)),
        ("VHDX", Array("vhdxfile".utf8)),
        ("VHD", Array("conectix".utf8)),
        ("VDI", Array("<<< ".utf8)),
        ("LUKS", Array("LUKS".utf8) + [0xBA, 0xBE]),
        ("gzip", [0x1F, 0x8B]),
        ("bzip2", Array("BZh".utf8)),
        ("xz", [0xFD, 0x37, 0x7A, 0x58, 0x5A]),
        ("zstd", [0x28, 0xB5, 0x2F, 0xFD]),
    ]

    /// The length of the disk: the file's, as QEMU rounds it up to whole sectors.
    static func virtualSize(of file: borrowing FileDescriptor, size: Int64) throws(ImageStoreError) -> Int64 {
        let head: [UInt8]
        do throws(UnixError) {
            head = try file.read(upTo: 512, at: 0)
        } catch {
            throw .file(error)
        }
        if let other = others.first(where: { head.starts(with: $0.magic) }) {
            throw .refused(.UnsafeImage, "declared raw, but the file is \(other.format)")
        }
        guard size > 0, size <= QcowInspection.virtualSizeLimit else {
            throw .refused(.UnsafeImage, "a raw disk of \(size) bytes")
        }
        return (size + 511) / 512 * 512
    }
}
