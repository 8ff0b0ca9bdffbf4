internal import Job

/// What `qstat -f -x` and `pbsnodes -x` of Torque print: elements, one within another, without attributes.
///
/// They put another byte in the place of every `<` in a value, so that nobody's text can end an element.
struct PBSDocument {
    /// One element; its text is what stands directly in it.
    struct Element {
        let name: String
        var text = ""
        var children: [Element] = []

        /// The text of the first child of that name, or of that name below another one.
        func value(_ path: String...) -> String? {
            var element = self
            for name in path {
                guard let child = element.children.first(where: { $0.name == name }) else { return nil }
                element = child
            }
            return element.text
        }
    }

    private static let depth = 8

    private let documents: [Element]

    /// The jobs, whichever of several documents they stand in.
    var jobs: [Element] { elements("Job") }

    /// Reads the documents of an answer; one that is cut short is an error.
    init(_ text: String) throws(BatchError) {
        var open = [Element(name: "")]
        var rest = Substring(text)
        while let start = rest.firstIndex(of: "<") {
            open[open.count - 1].text += rest[..<start]
            guard let end = rest[start...].firstIndex(of: ">") else { throw Self.unreadable }
            let tag = rest[rest.index(after: start)..<end]
            rest = rest[rest.index(after: end)...]
            if tag.hasPrefix("?") || tag.hasPrefix("!") { continue }
            if tag.hasPrefix("/") {
                guard open.count > 1, let closed = open.popLast(), tag.dropFirst() == closed.name else {
                    throw Self.unreadable
                }
                open[open.count - 1].children.append(closed)
            } else if tag.hasSuffix("/") {
                open[open.count - 1].children.append(Element(name: String(tag.dropLast())))
            } else {
                guard open.count < Self.depth else { throw Self.unreadable }
                open.append(Element(name: String(tag)))
            }
        }
        guard open.count == 1 else { throw Self.unreadable }
        documents = open[0].children.filter { $0.name == "Data" }
    }

    /// What the documents list by that name.
    func elements(_ name: String) -> [Element] {
        documents.flatMap { $0.children.filter { $0.name == name } }
    }

    private static let unreadable = BatchError(.node, "the server answered with what cannot be read")
}
