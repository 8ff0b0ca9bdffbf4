internal import Archive
internal import Job
internal import Unix

/// An OVA: a tar archive of an OVF description, one disk and perhaps a manifest (DMTF DSP0243, chapter 5).
struct Appliance {
    private static let memberLimit = 100
    private static let descriptionLimit = 1 << 20
    /// Files that tell of the others and are no disks.
    private static let companions = [".mf", ".cert", ".nvram"]
    /// The end of a disk's name declares its format.
    private static let disks = [(suffix: ".vmdk", format: "vmdk"), (suffix: ".qcow2", format: "qcow2")]

    private var description: [UInt8]?
    private var disk: (name: String, format: String)?

    /// Copies the disk to standard output and says its format on standard error.
    static func unpack() throws(Refusal) -> Int32 {
        let reader = try reading { () throws(ArchiveError) in try ArchiveReader.open(.tar, from: 0) }
        var appliance = Appliance()
        var count = 0
        while let member = try reading({ () throws(ArchiveError) in try reader.next() }) {
            count += 1
            guard count <= memberLimit else { throw refusal("more than \(memberLimit) files") }
            guard try appliance.take(member, from: reader) else { return 69 }
        }
        Process.report(try appliance.format())
        return 0
    }

    /// False when nobody reads the disk.
    private mutating func take(_ member: ArchiveReader.Member, from reader: borrowing ArchiveReader)
        throws(Refusal) -> Bool
    {
        let name = try Self.name(of: member)
        if name.hasSuffix(".ovf") {
            guard description == nil else { throw Self.refusal("two descriptions") }
            description = try Self.text(reader)
        } else if let format = Self.disks.first(where: { name.hasSuffix($0.suffix) })?.format {
            if let disk { throw Self.refusal("two disks, '\(disk.name)' and '\(name)'") }
            disk = (name, format)
            do throws(ArchiveError) {
                return try Output.copy(reader)
            } catch {
                throw Self.refusal(error)
            }
        } else if !Self.companions.contains(where: { name.hasSuffix($0) }) {
            throw Self.refusal("the file '\(name)', which is neither a description nor a disk")
        }
        return true
    }

    /// The format of its disk, which its description must name.
    private func format() throws(Refusal) -> String {
        guard let disk else { throw Self.refusal("no disk") }
        guard let description else { throw Self.refusal("no description (.ovf)") }
        guard String(decoding: description, as: UTF8.self).contains("\"\(disk.name)\"") else {
            throw Self.refusal("a description that does not name its disk '\(disk.name)'")
        }
        return disk.format
    }

    /// A plain file's plain name.
    private static func name(of member: ArchiveReader.Member) throws(Refusal) -> String {
        guard let name = member.name else { throw refusal("a file whose name is no ASCII text") }
        guard (1...255).contains(name.utf8.count), !name.contains("/"), !name.hasPrefix(".") else {
            throw refusal("the file '\(name.prefix(255))', whose name leads elsewhere")
        }
        guard member.isRegular else { throw refusal("'\(name)', which is no file of its own") }
        return name
    }

    private static func text(_ reader: borrowing ArchiveReader) throws(Refusal) -> [UInt8] {
        var text: [UInt8] = []
        while true {
            let bytes: [UInt8]
            do throws(ArchiveError) {
                bytes = try reader.read(upTo: 1 << 16)
            } catch {
                throw refusal(error)
            }
            if bytes.isEmpty { return text }
            text += bytes
            guard text.count <= descriptionLimit else {
                throw refusal("a description of more than \(descriptionLimit) bytes")
            }
        }
    }

    private static func reading<Result: ~Copyable>(_ body: () throws(ArchiveError) -> Result) throws(Refusal)
        -> Result
    {
        do throws(ArchiveError) {
            return try body()
        } catch {
            throw refusal(error)
        }
    }

    private static func refusal(_ what: String) -> Refusal { Refusal(.BadContainer, "the ova has \(what)") }

    private static func refusal(_ error: ArchiveError) -> Refusal {
        Refusal(.BadContainer, "the image is no ova that can be read: \(error)")
    }
}
