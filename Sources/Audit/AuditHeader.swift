/// Where the first members of a line stand, found without taking it apart: but for the number and the event's
/// name they have one length in all lines.
struct AuditHeader {
    private static let beginning = Array("{\"seq\":".utf8)
    /// From the number's end to the moment's text: the hash of the line before and what stands around it.
    private static let gap = ",\"previous\":\"".utf8.count + 64 + "\",\"time\":\"".utf8.count
    private static let beforeEvent = Array("\",\"event\":\"".utf8)
    private static let behindEvent = Array("\",\"fields\":{".utf8)
    private static let moment = 20

    /// The text of the moment.
    let time: ArraySlice<UInt8>
    /// The event's name.
    let event: ArraySlice<UInt8>
    /// The members of the fields, and all that stands behind them.
    let fields: ArraySlice<UInt8>

    /// Nil for what does not begin like a line; whether it is intact is not looked at.
    init?(_ line: ArraySlice<UInt8>) {
        guard line.starts(with: Self.beginning) else { return nil }
        let digits = line.dropFirst(Self.beginning.count).prefix { (0x30...0x39).contains($0) }
        let begin = digits.endIndex + Self.gap
        let end = begin + Self.moment
        guard end < line.endIndex, line[end...].starts(with: Self.beforeEvent) else { return nil }
        time = line[begin..<end]
        event = line[(end + Self.beforeEvent.count)...].prefix { (0x61...0x7A).contains($0) }
        guard line[event.endIndex...].starts(with: Self.behindEvent) else { return nil }
        fields = line[(event.endIndex + Self.behindEvent.count)...]
    }
}
