internal import CLinux

extension Process {
    /// Writes text to standard error in the place of what stands on the terminal's line.
    package static func reportInPlace(_ text: String) {
        // ESC [ K clears what was longer; see console_codes(4).
        let bytes = Array(("\r" + text + "\u{1B}[K").utf8)
        _ = unsafe bytes.withUnsafeBytes { unsafe write(2, $0.baseAddress, $0.count) }
    }
}
