internal import Disk

/// A part of a disk for one who asks over the network block device protocol, to be read and nothing else; fixed
/// newstyle and simple replies, see doc/proto.md of nbd.
///
/// Whoever asks is served bytes that it gave itself: nothing is secret from it, and it can stop nobody else.
final class BlockExport {
    private let disk: any DiskImage
    private let start: UInt64
    private let size: UInt64

    /// Bytes of one answer; QEMU asks for no more.
    private static let readLimit: UInt32 = 32 << 20
    private static let optionLimit: UInt32 = 8192
    private static let optionMagic = Array("IHAVEOPT".utf8)
    /// NBD_FLAG_HAS_FLAGS and NBD_FLAG_READ_ONLY.
    private static let flags: UInt16 = 3

    /// What is left to be said on a connection.
    enum State { case flags, options, requests }

    init(_ disk: any DiskImage, start: UInt64, size: UInt64) {
        self.disk = disk
        self.start = start
        self.size = size
    }

    /// What is said first.
    var greeting: [UInt8] {
        // NBD_FLAG_FIXED_NEWSTYLE and NBD_FLAG_NO_ZEROES.
        Array("NBDMAGIC".utf8) + Self.optionMagic + Self.number(UInt16(3))
    }

    /// Takes what comes next and says the answer to it; what may come then, nil at the end.
    func answer(_ state: State, take: (Int) -> Bytes?, say: ([UInt8]) -> Bool) throws(DiskError) -> State? {
        switch state {
        case .flags: return take(4) == nil ? nil : .options
        case .options:
            guard let head = take(16), head.has("IHAVEOPT", at: 0) else { return nil }
            let option: UInt32 = try head.big(8)
            let length: UInt32 = try head.big(12)
            guard length <= Self.optionLimit, take(Int(length)) != nil else { return nil }
            return answer(option, say)
        case .requests:
            guard let head = take(28), try head.big(UInt32.self, 0) == 0x2560_9513 else { return nil }
            let kind: UInt16 = try head.big(6)
            // NBD_CMD_READ; all else ends it, as NBD_CMD_DISC is meant to.
            guard kind == 0 else { return nil }
            let (place, count): (UInt64, UInt32) = (try head.big(16), try head.big(24))
            guard count <= Self.readLimit, place <= size, UInt64(count) <= size - place else { return nil }
            let cookie = try head.part(8, 8).array
            let answer = Self.number(UInt32(0x6744_6698)) + Self.number(UInt32(0)) + cookie
            return say(answer + (try disk.read(Int(count), at: start + place))) ? .requests : nil
        }
    }

    private func answer(_ option: UInt32, _ say: ([UInt8]) -> Bool) -> State? {
        func reply(_ kind: UInt32, _ data: [UInt8] = []) -> Bool {
            say(
                Self.number(UInt64(0x0003_E889_0455_65A9)) + Self.number(option) + Self.number(kind)
                    + Self.number(UInt32(data.count)) + data)
        }
        switch option {
        // NBD_OPT_ABORT.
        case 2:
            _ = reply(1)
            return nil
        // NBD_OPT_INFO and NBD_OPT_GO, by any name: NBD_REP_INFO with NBD_INFO_EXPORT, then NBD_REP_ACK.
        case 6, 7:
            let export = Self.number(UInt16(0)) + Self.number(size) + Self.number(Self.flags)
            guard reply(3, export), reply(1) else { return nil }
            return option == 7 ? .requests : .options
        // NBD_REP_ERR_UNSUP.
        default: return reply(0x8000_0001) ? .options : nil
        }
    }

    /// Most significant byte first.
    private static func number(_ value: some FixedWidthInteger) -> [UInt8] {
        (0..<(value.bitWidth / 8)).reversed().map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }
}
