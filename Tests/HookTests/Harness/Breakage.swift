import Testing

/// One thing that is broken by a shell line in the node's root, and mended by another.
struct Breakage: Sendable, CustomTestStringConvertible {
    let name: String
    let verdict: String
    let says: String
    let breaking: String
    let mending: String

    init(_ name: String, _ verdict: String, says: String, by breaking: String, then mending: String) {
        self.name = name
        self.verdict = verdict
        self.says = says
        self.breaking = breaking
        self.mending = mending
    }

    var testDescription: String { "\(name): \(says)" }

    /// Takes a path away and puts it back.
    static func gone(_ name: String, _ path: String, _ verdict: String = "failure", says: String)
        -> Breakage
    {
        Breakage(
            name, verdict, says: says, by: "mv \(path) kept", then: "rm -rf \(path); mv kept \(path)")
    }

    /// Changes a file by sed.
    static func changed(
        _ name: String, _ path: String, _ change: String, _ verdict: String = "failure", says: String
    ) -> Breakage {
        Breakage(
            name, verdict, says: says, by: "cp -p \(path) kept; sed -i '\(change)' \(path)",
            then: "mv kept \(path)")
    }

    /// Adds to a file what printf(1) makes of a text.
    static func added(
        _ name: String, _ path: String, _ text: String, _ verdict: String = "failure", says: String
    ) -> Breakage {
        Breakage(
            name, verdict, says: says, by: "cp -p \(path) kept; printf '\(text)' >>\(path)",
            then: "mv kept \(path)")
    }

    /// Puts a site's own script, with one line and root's to run, in the place of a file or a link.
    static func replaced(
        _ name: String, _ path: String, _ line: String, _ verdict: String = "failure", says: String
    ) -> Breakage {
        Breakage(
            name, verdict, says: says,
            by: "mv \(path) kept; printf '#!/bin/sh\\n%s\\n' \"\(line)\" >\(path); chmod 0700 \(path)",
            then: "mv kept \(path)")
    }
}
