internal import Batch
internal import Unix

/// What the program says of itself; made from the table of verbs.
enum Help {
    static func overview(_ verbs: [Verb]) -> String {
        """
        usage: bivouac NOUN VERB [WORD...] [--json]

        \(lines(verbs))

        --json prints one JSON document instead of text; --help behind a noun or a verb tells more.
        BIVOUAC_ROOT relocates /etc/bivouac, /run/bivouac, /var/lib/bivouac and /var/log/bivouac.
        Exit status: 0 done, 64 wrong words, 65 data refused, 69 unavailable, 75 try again, 77 not permitted,
        78 wrong configuration.

        """
    }

    static func text(for verbs: [Verb]) -> String {
        let notes = verbs.count == 1 ? verbs[0].notes : ""
        return "usage:\n\(lines(verbs))\n" + (notes.isEmpty ? "" : "\n\(notes)\n")
    }

    /// Says what is wrong with the command line.
    static func misused(_ what: String, verbs: [Verb]) -> Int32 {
        Process.report("bivouac: \(what)")
        for verb in verbs.prefix(6) { Process.report("usage: \(verb.usage)") }
        Process.report("bivouac --help lists everything")
        return ExitStatus.usage
    }

    private static func lines(_ verbs: [Verb]) -> String {
        let width = 46
        return verbs.map { verb in
            let usage = String(verb.usage.dropFirst("bivouac ".count))
            let gap =
                usage.count < width
                ? String(repeating: " ", count: width - usage.count)
                : "\n" + String(repeating: " ", count: width + 2)
            return "  " + usage + gap + verb.summary
        }.joined(separator: "\n")
    }
}
