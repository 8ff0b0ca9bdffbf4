import Audit
import Command
import Evidence
import JSON
import Job

/// The moments of a machine's life, from its start and end state and from the audit log.
struct JobTimeline {
    struct Moment {
        let time: Timestamp
        let name: String
        let isTurn: Bool
    }

    private(set) var moments: [Moment] = []

    private static let phases: [(phase: String, words: String)] = [
        ("submitted", "job submitted, says the batch system"), ("received", "job arrives"),
        ("admitted", "image admitted"), ("prepared", "machine prepared"),
        ("starting", "start state durable, libvirt starts the machine"), ("booting", "guest boots"),
        ("running", "agent ready"), ("payload", "payload begins, says the guest"),
        ("paused", "stopped by an operator"), ("resumed", "runs again"),
        ("terminated", "payload told to end (TERM), says the guest"),
        ("ending", "machine is being ended"), ("power", "power button pressed"),
        ("off", "guest has powered off"),
    ]

    init(_ entry: EvidenceEntry, _ lines: [AuditEntry]) {
        var known = entry.end?.phases ?? entry.start?.phases ?? [:]
        known["payload"] = entry.end?.payload
        known["terminated"] = entry.end?.terminated
        // Until its end is recorded the log alone knows.
        if let ready = lines.first(where: { $0.event == "ready" }), known["running"] == nil {
            known["running"] = ready.time
        }
        for (phase, words) in Self.phases {
            if let time = known[phase] { moments.append(Moment(time: time, name: words, isTurn: true)) }
        }
        if let start = entry.start, known["starting"] == nil {
            moments.append(Moment(time: start.recorded, name: "start state durable", isTurn: true))
        }
        for line in lines where !["admission", "start", "ready", "end"].contains(line.event) {
            let what = line.fields["action"]?.text ?? line.event
            let why = (line.fields["reason"] ?? line.fields["refusal"] ?? line.fields["message"])?.text
            moments.append(
                Moment(time: line.time, name: why.map { "\(what): \($0)" } ?? what, isTurn: false))
        }
        if let end = entry.end {
            let by = end.by.map { ", by \($0)" } ?? ""
            let exit = end.exit.map { ", exit \($0)" } ?? ""
            moments.append(Moment(time: end.ended, name: "end: \(end.cause)\(by)\(exit)", isTurn: true))
        }
        moments = moments.enumerated().sorted { ($0.element.time, $0.offset) < ($1.element.time, $1.offset) }
            .map(\.element)
    }

    private static let row = 34
    private static let width = 860

    /// The moments from top to bottom; the bars show how long it took from the one before, on a scale on which
    /// each tenfold is as wide.
    var svg: HTML {
        guard let first = moments.first else { return "<p>No moment is known.</p>" }
        var parts: [HTML] = []
        let height = moments.count * Self.row + 12
        parts.append(
            """
            <svg role="img" aria-label="Timeline of the job" viewBox="0 0 \(Self.width) \(height)" width="100%">
            <line x1="226" y1="14" x2="226" y2="\(height - 20)" class="axis"/>

            """)
        var previous = first.time
        for (index, moment) in moments.enumerated() {
            let y = index * Self.row + 18
            let passed = moment.time - previous
            let bar = Self.length(passed)
            parts.append(
                """
                <text x="0" y="\(y + 5)" class="time">\(moment.time.description)</text>
                <circle cx="226" cy="\(y)" r="\(moment.isTurn ? 6 : 4)" class="\(moment.isTurn ? "turn" : "note")"/>
                <rect x="240" y="\(y + 9)" width="\(bar)" height="4" class="bar"/>
                <text x="240" y="\(y + 5)">\(moment.name) <tspan class="passed">\(Self.duration(passed))</tspan></text>

                """)
            previous = moment.time
        }
        return .join(parts + ["</svg>"])
    }

    /// 60 for each tenfold of a second.
    private static func length(_ seconds: Int64) -> Int {
        guard seconds > 0 else { return 0 }
        var power: Int64 = 1
        var length = 20
        while power <= seconds / 10 {
            power *= 10
            length += 60
        }
        return length + Int(60 * (seconds - power) / (9 * power))
    }

    private static func duration(_ seconds: Int64) -> String {
        guard seconds > 0 else { return "" }
        if seconds < 120 { return "+\(seconds) s" }
        return seconds < 7200
            ? "+\(seconds / 60) min \(seconds % 60) s" : "+\(seconds / 3600) h \(seconds / 60 % 60) min"
    }
}
