internal import CLinux
internal import Download

/// Holds up who receives so that no more comes in a second than may: what is not read does not come.
struct Pace {
    /// Bytes in a second.
    let rate: Int64
    private let began = Download.seconds
    private var count: Int64 = 0

    init(rate: Int64) { self.rate = max(1, rate) }

    /// Waits until so many more bytes are due.
    ///
    /// The corresponding C function is `usleep`.
    mutating func take(_ bytes: Int) {
        count += Int64(bytes)
        let early = Double(count) / Double(rate) - (Download.seconds - began)
        // A wait of less than a clock tick is left for later.
        if early > 0.01 { _ = usleep(UInt32(min(early, 60) * 1_000_000)) }
    }
}
