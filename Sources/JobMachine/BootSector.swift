/// A disk for a PC with one sector of code on it, which says a line on the first serial port and stands still.
enum BootSector {
    static let line = "bivouac: a machine runs"
    /// One cylinder and more: firmware takes less for no disk.
    private static let size = 1 << 20

    /// 16-bit code as the firmware starts it at 0x7C00, and the mark of a boot sector at its end.
    static let bytes: [UInt8] = {
        var sector: [UInt8] = [
            0xFA,  // cli
            0x31, 0xC0,  // xor ax, ax
            0x8E, 0xD8,  // mov ds, ax
            0xFC,  // cld
            0xBE, 0x17, 0x7C,  // mov si, text
            0xBA, 0xF8, 0x03,  // mov dx, 0x3F8
            0xAC,  // next: lodsb
            0x84, 0xC0,  // test al, al
            0x74, 0x03,  // jz rest
            0xEE,  // out dx, al
            0xEB, 0xF8,  // jmp next
            0xF4,  // rest: hlt
            0xEB, 0xFD,  // jmp rest
        ]
        sector += Array(line.utf8) + [0x0D, 0x0A, 0]
        sector += [UInt8](repeating: 0, count: 510 - sector.count) + [0x55, 0xAA]
        return sector + [UInt8](repeating: 0, count: size - sector.count)
    }()
}
