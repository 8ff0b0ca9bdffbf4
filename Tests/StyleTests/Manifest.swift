/// The targets of Package.swift in their order, and what each may import.
struct Manifest {
    struct Target {
        let name: String
        /// Nil for a system library or a target in C.
        let uses: [String]?
        let isStatic: Bool
    }

    let targets: [Target]

    /// Reads the calls of the manifest's own functions; each names a target first.
    init() throws {
        let text = try SourceTree.file("Package.swift").lines.joined(separator: "\n")
        let beginnings = text.matches(
            of:
                #/(?m)^ {8}(?:(?<kind>module|program|staticProgram|system|tests)\(|\.(?:target|testTarget)\()\s*(?:name: )?"(?<name>[^"]+)"/#
        )
        let ends = beginnings.dropFirst().map(\.range.lowerBound) + [text.endIndex]
        targets = zip(beginnings, ends).map { match, end in
            let rest = text[match.range.upperBound..<end]
            let list = rest.firstMatch(of: #/(?:uses|dependencies): \[(?<names>[^\]]*)\]/#)
            let names = list.map { $0.names.matches(of: #/"([^"]+)"/#).map { String($0.1) } }
            let isSwift = match.kind != "system" && (match.kind != nil || rest.contains("swiftSettings"))
            return Target(
                name: String(match.name),
                uses: isSwift ? names ?? [] : nil,
                isStatic: match.kind == "staticProgram")
        }
    }

    var names: Set<String> { Set(targets.map(\.name)) }

    /// Modules that stand in a fully static program.
    var staticModules: Set<String> {
        var found = Set(targets.filter(\.isStatic).map(\.name))
        while true {
            let more = found.union(targets.filter { found.contains($0.name) }.flatMap { $0.uses ?? [] })
            if more == found { return found }
            found = more
        }
    }
}
