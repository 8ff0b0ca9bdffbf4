/// Base64 as MIME parts carry it (RFC 2045): lines of any length, nothing but the alphabet, and padding only at
/// the end.
enum Base64 {
    static func bytes(_ text: ArraySlice<UInt8>) -> [UInt8]? {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count / 4 * 3)
        var group: UInt32 = 0
        var digits = 0
        var padding = 0
        for character in text {
            let digit: UInt32
            switch character {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"): digit = UInt32(character) - 65
            case UInt8(ascii: "a")...UInt8(ascii: "z"): digit = UInt32(character) - 97 + 26
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = UInt32(character) - 48 + 52
            case UInt8(ascii: "+"): digit = 62
            case UInt8(ascii: "/"): digit = 63
            case UInt8(ascii: "="):
                digit = 0
                padding += 1
            case 0x0A, 0x0D, 0x20, 0x09: continue
            default: return nil
            }
            guard padding == 0 || character == UInt8(ascii: "="), padding <= 2 else { return nil }
            group = group << 6 | digit
            digits += 1
            if digits == 4 {
                bytes += [UInt8(group >> 16 & 255), UInt8(group >> 8 & 255), UInt8(group & 255)]
                group = 0
                digits = 0
            }
        }
        guard digits == 0 else { return nil }
        bytes.removeLast(padding)
        return bytes
    }

    private static let alphabet = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    /// The bytes on one line.
    static func text(_ bytes: [UInt8]) -> String {
        var text: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let chunk = bytes[start..<min(start + 3, bytes.count)]
            var group: UInt32 = 0
            for index in 0..<3 {
                group = group << 8 | (index < chunk.count ? UInt32(chunk[start + index]) : 0)
            }
            for index in 0..<4 {
                text.append(
                    index <= chunk.count
                        ? alphabet[Int(group >> UInt32(18 - 6 * index) & 63)] : UInt8(ascii: "="))
            }
        }
        return String(decoding: text, as: UTF8.self)
    }
}
