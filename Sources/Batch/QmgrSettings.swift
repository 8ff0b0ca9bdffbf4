internal import Job
internal import Unix

/// Attributes of a server of Torque or OpenPBS, as a script of qmgr(8) or its `print server` and `print hook` say.
package struct QmgrSettings: Sendable {
    private static let directories = ["/usr/bin", "/usr/local/bin", "/opt/pbs/bin"]

    private var values: [[String]: String] = [:]

    /// Reads the lines that set an attribute; `#` begins a comment line, `+=` adds to a list.
    package init(_ text: String) {
        for line in text.split(separator: "\n") where !line.drop(while: { $0 == " " }).hasPrefix("#") {
            let sides = line.split(separator: "=", maxSplits: 1)
            var words = (sides.first ?? "").split { $0 == " " || $0 == "\t" }.map(String.init)
            guard sides.count == 2, words.count >= 3, words[0] == "set" || words[0] == "s" else { continue }
            words.removeFirst()
            let adds = words.last?.hasSuffix("+") == true
            words[words.count - 1] = words[words.count - 1].filter { $0 != "+" }
            let isEmpty = words.last == ""
            if isEmpty { words.removeLast() }
            let value = sides[1].filter { $0 != "\"" }.drop { $0 == " " }.reversed().drop { $0 == " " }
                .reversed()
            values[words] = (adds ? values[words].map { $0 + "," } ?? "" : "") + String(value)
        }
    }

    /// An attribute of the server itself.
    package func server(_ attribute: String) -> String? { values[["server", attribute]] }

    /// An attribute of a queue.
    package func queue(_ name: String, _ attribute: String) -> String? { values[["queue", name, attribute]] }

    /// All attributes of a hook.
    package func hook(_ name: String) -> [String: String] {
        var attributes: [String: String] = [:]
        for (words, value) in values where words.count == 3 && words[..<2] == ["hook", name] {
            attributes[words[2]] = value
        }
        return attributes
    }

    /// What the server says, `print server`; one call that ends within 5 s.
    package static func ask() throws(BatchError) -> QmgrSettings {
        guard let path = directories.map({ $0 + "/qmgr" }).first(where: { Files.exists($0) }) else {
            throw BatchError(.node, "qmgr is in none of \(directories.joined(separator: ", "))")
        }
        let answer: Child.Result
        do {
            answer = try Child.run(path, ["-c", "print server"], seconds: 5)
        } catch {
            throw BatchError(.node, "could not run \(path): \(error)")
        }
        guard answer.succeeded else {
            let words = String(decoding: answer.errors.prefix(300), as: UTF8.self)
            throw BatchError(.node, "qmgr failed: \(words.split(separator: "\n").joined(separator: " "))")
        }
        return QmgrSettings(String(decoding: answer.output, as: UTF8.self))
    }
}
