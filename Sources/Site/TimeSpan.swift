/// Spans of time as the configuration spells them: a whole number and `s`, `m`, `h` or `d`.
package enum TimeSpan {
    private static let units: [(name: Character, seconds: Int64)] = [
        ("d", 86_400), ("h", 3600), ("m", 60), ("s", 1),
    ]

    /// The span in seconds; nil if the text is no span.
    package static func seconds(_ text: String) -> Int64? {
        let digits = text.dropLast()
        guard let unit = units.first(where: { $0.name == text.last }), !digits.isEmpty,
            digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let count = Int64(digits)
        else { return nil }
        let (seconds, overflow) = count.multipliedReportingOverflow(by: unit.seconds)
        return overflow ? nil : seconds
    }

    /// The span in the largest unit that leaves a whole number.
    package static func text(_ seconds: Int64) -> String {
        for unit in units where seconds >= unit.seconds && seconds % unit.seconds == 0 {
            return "\(seconds / unit.seconds)\(unit.name)"
        }
        return "\(seconds)s"
    }
}
