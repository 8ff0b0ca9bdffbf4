internal import JSON

/// One line of the result: ours, perhaps beside what it is measured against, and the most or least it may be.
struct Row {
    /// What the target bounds.
    enum Target {
        /// Ours over bare, at most.
        case ratioAtMost(Double)
        /// Ours over bare, at least.
        case ratioAtLeast(Double)
        /// Ours, at most.
        case valueAtMost(Double)
        /// Nothing: it is part of another row.
        case none
    }

    let name: String
    /// Of the two values.
    let unit: String
    let ours: Double
    let bare: Double?
    let target: Target

    /// Medians of both sides.
    init(_ name: String, _ unit: String, _ ours: [Double], against bare: [Double]? = nil, _ target: Target) {
        self.name = name
        self.unit = unit
        self.ours = Self.median(ours)
        self.bare = bare.map { Self.median($0) }
        self.target = target
    }

    /// The middle value, or the mean of the two in the middle; 0 of none.
    static func median(_ values: [Double]) -> Double {
        let sorted = values.sorted()
        guard !sorted.isEmpty else { return 0 }
        return (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
    }

    var ratio: Double? { bare.map { $0 > 0 ? ours / $0 : .infinity } }

    var isMet: Bool {
        switch target {
        case .ratioAtMost(let limit): (ratio ?? .infinity) <= limit
        case .ratioAtLeast(let limit): (ratio ?? 0) >= limit
        case .valueAtMost(let limit): ours <= limit
        case .none: true
        }
    }

    private var targetText: String {
        switch target {
        case .ratioAtMost(let limit): "<= \(Self.text(limit, 2))"
        case .ratioAtLeast(let limit): ">= \(Self.text(limit, 2))"
        case .valueAtMost(let limit): "<= \(Self.text(limit, 0)) \(unit)"
        case .none: "-"
        }
    }

    /// Columns for people, in the order of `heading`.
    private var cells: [String] {
        let digits = ours < 10 ? 2 : ours < 100 ? 1 : 0
        return [
            name, "\(Self.text(ours, digits)) \(unit)",
            bare.map { "\(Self.text($0, digits)) \(unit)" } ?? "-",
            ratio.map { Self.text($0, 2) } ?? "-", targetText, isMet ? "ok" : "MISSED",
        ]
    }

    /// A number with that many digits behind the point.
    static func text(_ value: Double, _ digits: Int) -> String {
        guard value.isFinite, abs(value) < 1e12 else { return "\(value)" }
        let scale = (0..<digits).reduce(1) { scale, _ in scale * 10 }
        let number = Int((abs(value) * Double(scale)).rounded())
        let whole = (value < 0 ? "-" : "") + "\(number / scale)"
        guard digits > 0 else { return whole }
        let rest = "\(number % scale)"
        return whole + "." + String(repeating: "0", count: digits - rest.count) + rest
    }

    /// The rows as columns for people.
    static func table(_ rows: [Row]) -> String {
        let all = [["measured", "ours", "bare", "ratio", "target", ""]] + rows.map(\.cells)
        let widths = all[0].indices.map { column in all.map { $0[column].count }.max() ?? 0 }
        return all.map { cells in
            cells.enumerated().map { index, cell in
                index == cells.count - 1
                    ? cell : cell + String(repeating: " ", count: widths[index] - cell.count + 2)
            }.joined()
        }.joined(separator: "\n") + "\n"
    }

    /// The row for programs.
    var json: JSON {
        var members: [JSON.Member] = [
            .init("name", .string(name)), .init("unit", .string(unit)), .init("ours", .number(ours)),
        ]
        if let bare { members.append(.init("bare", .number(bare))) }
        if let ratio { members.append(.init("ratio", .number(ratio))) }
        return .object(members + [.init("target", .string(targetText)), .init("met", .bool(isMet))])
    }
}
