/// A result of a benchmark, in hundredths of its unit.
package struct Benchmark: Hashable, Sendable, CustomStringConvertible {
    package let hundredths: Int64

    package init(hundredths: Int64) { self.hundredths = hundredths }

    /// A number with at most two decimals: `12.5`.
    package init?(_ text: String) {
        let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard
            parts.allSatisfy({
                (1...9).contains($0.utf8.count) && $0.utf8.allSatisfy { (0x30...0x39).contains($0) }
            }),
            let whole = Int64(parts[0])
        else { return nil }
        let digits = parts.count > 1 ? parts[1] : "0"
        guard digits.utf8.count <= 2, let fraction = Int64(digits) else { return nil }
        hundredths = whole * 100 + (digits.utf8.count == 1 ? fraction * 10 : fraction)
    }

    /// That many times as much.
    package static func * (one: Benchmark, count: Int) -> Benchmark {
        Benchmark(hundredths: one.hundredths * Int64(count))
    }

    package var description: String {
        let fraction = hundredths % 100
        guard fraction != 0 else { return "\(hundredths / 100)" }
        let digits = fraction % 10 == 0 ? "\(fraction / 10)" : fraction < 10 ? "0\(fraction)" : "\(fraction)"
        return "\(hundredths / 100).\(digits)"
    }
}
