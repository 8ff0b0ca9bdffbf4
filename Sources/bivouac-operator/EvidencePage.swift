import Batch
import Command
import Difference
import Evidence
import Job

/// A machine's evidence as a page that needs nothing from elsewhere and can be printed.
struct EvidencePage {
    let path: String
    let entry: EvidenceEntry
    let timeline: JobTimeline
    /// Names of files that are not as they were recorded.
    let damaged: [String]
    /// Why there is none, where there is none.
    let difference: Result<Difference, Reason>

    struct Reason: Error {
        let text: String
        /// The exit status that it calls for.
        let status: Int32
    }

    /// The exit status of a verb that has shown it.
    var status: Int32 {
        guard damaged.isEmpty else { return ExitStatus.dataRefused }
        switch difference {
        case .success(let difference):
            return difference.isComplete ? ExitStatus.success : ExitStatus.dataRefused
        case .failure(let reason): return reason.status
        }
    }

    /// A whole document of the pages one after another.
    static func document(_ pages: [EvidencePage], at now: Timestamp) -> HTML {
        """
        <!DOCTYPE html>
        <html lang="en"><head><meta charset="utf-8"><title>Evidence \(pages.first?.path ?? "")</title>
        <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
        <style>\(style)</style></head><body>
        \(.join(pages.map(\.body)))
        <footer>Written \(now.description). What stands under <em>What the machine changed</em> was read from a disk that
        the guest wrote: it is as trustworthy as the guest.</footer></body></html>

        """
    }

    private static let style: HTML = """
        body{font:14px/1.45 sans-serif;color:#1a1a1a;max-width:60em;margin:2em auto;padding:0 1em}
        h1{font-size:1.5em}h2{font-size:1.15em;margin-top:2em;border-bottom:1px solid #999}h3{font-size:1em}
        table{border-collapse:collapse;width:100%}td,th{text-align:left;vertical-align:top;padding:2px 10px 2px 0}
        th{font-weight:600;white-space:nowrap}td{word-break:break-word}.code{font-family:monospace;font-size:.92em}
        .bad{background:#fde7e4;border-left:4px solid #b3261e;padding:.5em 1em}.mark{color:#b3261e;font-weight:600}
        svg text{font:13px sans-serif}.time{fill:#555}.passed{fill:#777}.axis{stroke:#999}.turn{fill:#1f4e8c}
        .note{fill:#b3261e}.bar{fill:#9db8d9}footer{margin-top:3em;color:#555;border-top:1px solid #999}
        @media print{body{max-width:none;margin:0}section{break-before:page}section:first-of-type{break-before:auto}
        tr{break-inside:avoid}}
        """

    private var body: HTML {
        .join([
            "<section><h1>Evidence of machine \(entry.name)</h1>\n",
            warnings,
            "<h2>Timeline</h2>\n\(timeline.svg)\n<h2>Who and what</h2>\n", Self.table(facts),
            "<h2>What the machine changed</h2>\n", changes, "<h2>Files</h2>\n", files, "</section>\n",
        ])
    }

    private var warnings: HTML {
        var lines: [String] = damaged.map { "The file \($0) is not as it was recorded." }
        if let hold = entry.hold {
            lines.append("On hold since \(hold.since) by \(hold.author): \(hold.reason)")
        }
        if entry.end == nil {
            lines.append("The machine has no end state: it runs, or its end is not recorded.")
        }
        if let refusal = entry.end?.refusal { lines.append("\(refusal)") }
        return .join(lines.map { "<p class=\"bad\">\($0)</p>\n" })
    }

    private var facts: [(String, String)] {
        var rows: [(String, String)] = [("Evidence", path)]
        if let start = entry.start {
            rows += [
                ("User", "\(start.account.name) (uid \(start.account.uid))"),
                ("Queue, project", "\(start.queue) \(start.project)"),
                ("Image", "\(start.image.name), version \(start.image.version), class \(start.image.class)"),
                ("sha512", start.image.sha512), ("From", start.image.uri),
                (
                    "List",
                    "\(start.endorsement.list) version \(start.endorsement.version), sha256 \(start.endorsement.sha256)"
                ),
                (
                    "Endorser",
                    "\(start.endorsement.dn), by \(start.endorsement.ca), serial \(start.endorsement.serial)"
                ),
                ("Virtual organisation", start.endorsement.vo),
                ("Machine", "\(start.machine.domain), uuid \(start.machine.uuid)"),
                (
                    "Run by",
                    "\(start.machine.account) (uid \(start.machine.uid)) with \(start.machine.virtualization): "
                        + start.machine.reason
                ),
                (
                    "Given",
                    "\(start.machine.memory), host CPUs "
                        + start.machine.cpus.map(String.init).joined(separator: " ")
                ),
                (
                    "Node",
                    "\(start.node.host), kernel \(start.node.kernel), QEMU \(start.node.hypervisor), libvirt "
                        + "\(start.node.libvirt), bivouac \(start.node.bivouac)"
                ),
            ]
        }
        if let usage = entry.end?.usage {
            rows.append(
                (
                    "Used",
                    "\(usage.cpuSeconds) s of CPU, \(usage.memory), read \(ByteCount(Int64(clamping: usage.readBytes))), wrote "
                        + "\(ByteCount(Int64(clamping: usage.writtenBytes)))"
                ))
        }
        return rows
    }

    private var changes: HTML {
        switch difference {
        case .failure(let reason): return "<p>\(reason.text)</p>\n"
        case .success(let difference):
            var parts: [HTML] = difference.findings.map { "<p class=\"bad\">\($0)</p>\n" }
            for part in difference.parts {
                let bytes = ByteCount(Int64(clamping: part.changedBytes)).description
                parts.append("<h3>\(part.name), \(part.kind): \(bytes) changed</h3>\n")
                parts += part.unread.map { "<p class=\"bad\">Not read: \($0)</p>\n" }
                if part.isCut { parts.append("<p class=\"bad\">There is more: the list is cut.</p>\n") }
                if part.unlinked > 0 {
                    parts.append("<p>\(part.unlinked) files without a name were open at the end.</p>\n")
                }
                parts += [
                    Self.changes("To be looked at first", part.changes.filter { !$0.concerns.isEmpty }),
                    Self.changes(
                        "Changed by the job or the guest",
                        part.changes.filter { $0.concerns.isEmpty && !$0.isNoise }),
                    Self.changes("Changed by every start of an image", part.changes.filter(\.isNoise)),
                ]
            }
            return parts.isEmpty ? "<p>Nothing was changed.</p>\n" : .join(parts)
        }
    }

    private static func changes(_ title: String, _ changes: [Change]) -> HTML {
        guard !changes.isEmpty else { return "" }
        let rows = changes.map { change -> HTML in
            let concerns = change.concerns.map(\.rawValue).joined(separator: " ")
            return """
                <tr><td>\(change.kind.rawValue)</td><td class="code">\(change.path)</td><td class="mark">\(concerns)</td>\
                <td class="code">\(DifferenceText.details(change))</td></tr>

                """
        }
        return """
            <h3>\(title) (\(changes.count))</h3>
            <table><tr><th>What</th><th>Path</th><th>Why</th><th>How</th></tr>
            \(.join(rows))</table>

            """
    }

    private var files: HTML {
        let all = (entry.start?.files ?? []) + (entry.end?.files ?? [])
        return Self.table(
            all.map {
                (
                    $0.name,
                    "\($0.bytes) bytes, sha256 \($0.sha256)"
                        + ($0.sensitive == true ? ", may hold secrets" : "")
                )
            })
    }

    private static func table(_ rows: [(String, String)]) -> HTML {
        let lines = rows.map { name, value -> HTML in "<tr><th>\(name)</th><td>\(value)</td></tr>\n" }
        return "<table>\n\(.join(lines))</table>\n"
    }
}
