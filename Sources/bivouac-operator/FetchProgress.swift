import Command
import FoundationEssentials
import ImageStore
import Job
import Unix

/// Tells on standard error how a fetch goes on: a bar on a terminal, a line now and then in a log, or events as
/// JSON, one to a line.
final class FetchProgress {
    private enum Style { case bar, lines, events }

    /// An event as JSON.
    private struct Line: Encodable {
        var event: String
        var uri: String?
        var have: Int64?
        var of: Int64?
        var why: String?
        var pid: Int32?
        var purpose: String?
        var milliseconds: Int?
    }

    private let style: Style
    private var next = Deadline(milliseconds: 0)
    private var began: (at: Int64, have: Int64) = (0, 0)
    private var hasBar = false

    init(json: Bool) { style = json ? .events : Descriptors.kind(2) == .terminal ? .bar : .lines }

    /// Milliseconds between two words on how much has come.
    private var interval: Int {
        switch style {
        case .bar: 100
        case .lines: 10_000
        case .events: 1000
        }
    }

    func tell(_ event: FetchEvent) {
        if case .received(let have, let size) = event {
            guard next.isOver || have == size && style != .lines else { return }
            next = Deadline(milliseconds: interval)
        }
        if case .began(_, let have, _) = event {
            began = (Deadline.now, have)
            next = Deadline(milliseconds: interval)
        }
        let line = Self.line(event)
        if style == .events {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            if let bytes = try? encoder.encode(line) {
                Process.report(String(decoding: bytes, as: UTF8.self))
            }
            return
        }
        guard case .received(let have, let size) = event, style == .bar else {
            end()
            Process.report("bivouac: " + words(event))
            return
        }
        hasBar = true
        let width = 40
        let filled = size > 0 ? Int(Int64(width) * have / size) : width
        let bar = String(repeating: "#", count: filled) + String(repeating: " ", count: width - filled)
        Process.reportInPlace("[\(bar)] " + Self.part(have, size) + rate(have))
    }

    /// Leaves the bar's line.
    func end() {
        if hasBar { Process.report("") }
        hasBar = false
    }

    private static func line(_ event: FetchEvent) -> Line {
        switch event {
        case .waiting(let holder, let have, let size):
            Line(event: "waiting", have: have, of: size, pid: holder?.pid, purpose: holder?.purpose)
        case .resuming(let have, let size): Line(event: "resuming", have: have, of: size)
        case .began(let uri, let have, let size): Line(event: "began", uri: uri, have: have, of: size)
        case .received(let have, let size): Line(event: "received", have: have, of: size)
        case .startedOver(let why): Line(event: "startedOver", why: why)
        case .abandoned(let uri, let why): Line(event: "abandoned", uri: uri, why: why)
        case .retrying(let why, let milliseconds):
            Line(event: "retrying", why: why, milliseconds: milliseconds)
        case .unpacking(let packing): Line(event: "unpacking", why: packing.rawValue)
        }
    }

    private func words(_ event: FetchEvent) -> String {
        switch event {
        case .waiting(let holder, let have, let size):
            let who = holder.map { "process \($0.pid) (\(Verbs.plain($0.purpose)))" } ?? "another process"
            return "waiting for \(who): \(Self.part(have, size))"
        case .resuming(let have, let size): return "reading again what is here: \(Self.part(have, size))"
        case .began(let uri, let have, let size):
            return have == 0
                ? "fetching \(uri): \(Self.text(size))" : "fetching \(uri): from \(Self.part(have, size))"
        case .received(let have, let size): return "received \(Self.part(have, size))\(rate(have))"
        case .startedOver(let why): return "starting over: \(why)"
        case .abandoned(let uri, let why): return "giving up \(uri): \(why)"
        case .retrying(let why, let milliseconds):
            return "trying again in \((milliseconds + 999) / 1000) s: \(why)"
        case .unpacking(let packing): return "unpacking (\(packing.rawValue))"
        }
    }

    private static func part(_ have: Int64, _ size: Int64) -> String {
        let percent = size > 0 ? have * 100 / size : 100
        return "\(percent) % of \(text(size))"
    }

    /// Mebibytes, or bytes of what is small.
    private static func text(_ bytes: Int64) -> String {
        bytes < 10 << 20 ? "\(bytes) bytes" : "\(bytes >> 20) MiB"
    }

    private func rate(_ have: Int64) -> String {
        let milliseconds = Deadline.now - began.at
        guard milliseconds > 0 else { return "" }
        return ", \(((have - began.have) * 1000 / milliseconds) >> 20) MiB/s"
    }
}
