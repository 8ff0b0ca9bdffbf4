import Testing

@Suite("The source tree")
struct StyleTests {
    /// Modules that may say `unsafe`, and what for.
    static let unsafeModules = [
        "Archive": "libarchive takes pointers",
        "Digest": "libcrypto takes pointers",
        "Compression": "zlib takes pointers",
        "Fetch": "libcurl takes pointers",
        "ImageTrust": "libcrypto takes and gives pointers",
        "Libvirt": "libvirt takes and gives pointers",
        "NameService": "getpwnam_r and its kin fill buffers",
        "Site": "the TOML reader in C++ gives pointers",
        "Unix": "system calls take pointers",
    ]

    @Test("says unsafe only where a module speaks to C")
    func unsafe() throws {
        var found: Set<String> = []
        for file in try SourceTree.swift("Sources") {
            for (number, line) in file.code.enumerated() where line.hasWord("unsafe") {
                found.insert(file.target)
                #expect(Self.unsafeModules[file.target] != nil, "\(file.path):\(number + 1)")
            }
        }
        let modules = try Manifest().names
        #expect(
            Set(Self.unsafeModules.keys).intersection(modules).subtracting(found) == [], "listed for nothing")
    }

    @Test("declares nothing public")
    func nothingPublic() throws {
        for file in try SourceTree.swift("Sources") {
            for (number, line) in file.code.enumerated() {
                #expect(!line.hasWord("public") && !line.hasWord("open class"), "\(file.path):\(number + 1)")
            }
        }
    }

    @Test("imports no Foundation, and in the static programs no part of it")
    func foundation() throws {
        let small = try Manifest().staticModules
        for file in try SourceTree.swift("Sources") {
            for module in file.imports where module.hasPrefix("Foundation") || module == "Dispatch" {
                #expect(module == "FoundationEssentials", "\(file.path)")
                #expect(!small.contains(file.target), "\(file.path) is in a static program")
            }
        }
    }

    @Test("imports what Package.swift names for a target, all of it and nothing else")
    func imports() throws {
        let manifest = try Manifest()
        var imported: [String: Set<String>] = [:]
        for file in try SourceTree.swift("Sources") {
            imported[file.target, default: []].formUnion(file.imports.filter { manifest.names.contains($0) })
        }
        for target in manifest.targets {
            guard let uses = target.uses, let imports = imported[target.name] else { continue }
            #expect(
                imports.subtracting(uses) == [], "\(target.name) imports what Package.swift does not name")
            #expect(
                Set(uses).subtracting(imports) == [],
                "\(target.name) does not import what Package.swift names")
        }
    }

    @Test("has its targets in an order in which each uses only those above it")
    func order() throws {
        var above: Set<String> = []
        let targets = try Manifest().targets
        #expect(targets.count > 30)
        for target in targets {
            #expect(Set(target.uses ?? []).subtracting(above) == [], "\(target.name)")
            above.insert(target.name)
        }
    }

    @Test("has one importer for each C library")
    func oneImporter() throws {
        var importers: [String: Set<String>] = [:]
        for file in try SourceTree.swift("Sources") {
            for module in file.imports
            where ["CLibvirt", "CArchive", "CToml", "CCurl", "CDeadline", "CZlib"].contains(module) {
                importers[module, default: []].insert(file.target)
            }
        }
        for (library, modules) in importers { #expect(modules.count == 1, "\(library): \(modules)") }
    }

    /// Files longer than 300 lines, and why they are not split.
    static let longFiles: [String: String] = [:]

    @Test("has short files: 300 lines, 500 in tests")
    func length() throws {
        for file in try SourceTree.swift("Sources") where Self.longFiles[file.path] == nil {
            #expect(file.lines.count <= 301, "\(file.path)")
        }
        for file in try SourceTree.swift("Sources") + SourceTree.swift("Tests") {
            #expect(file.lines.count <= 501, "\(file.path)")
        }
    }

    /// Witnesses of the standard library's protocols, whose meaning is the protocol's.
    static let witnesses = [
        "var description", "func encode(to", "init(from", "func hash(into", "static func ==", "static func <",
        "static func ~=", "var codingKey",
    ]

    @Test("says of each type and function that others use what it is")
    func documentation() throws {
        for file in try SourceTree.swift("Sources") {
            var comment = false
            for (number, line) in file.lines.enumerated() {
                let text = line.withoutIndent
                if text.hasPrefix("///") {
                    comment = true
                } else if !(text.hasPrefix("@") && !text.contains("package ")) {
                    if let declaration = Self.declaration(text), !comment {
                        Issue.record("\(file.path):\(number + 1): \(declaration)")
                    }
                    comment = false
                }
            }
        }
    }

    /// A package type or function that needs words; nil for anything else.
    ///
    /// A stored property is explained by its name and its type's comment, or has a comment where they do not
    /// say enough; an initialiser that only sets them is as plain.
    private static func declaration(_ line: Substring) -> Substring? {
        let parts = line.split(separator: "package ", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, parts[0].allSatisfy({ $0 == " " }) || parts[0].hasPrefix("@") else {
            return nil
        }
        var words = parts[1]
        if witnesses.contains(where: { words.hasPrefix($0) }) { return nil }
        for modifier in ["static ", "mutating ", "consuming ", "borrowing ", "indirect ", "final "]
        where words.hasPrefix(modifier) {
            words = words.dropFirst(modifier.count)
        }
        let kinds = ["struct ", "enum ", "class ", "protocol ", "typealias ", "func ", "subscript"]
        return kinds.contains { words.hasPrefix($0) } ? parts[1] : nil
    }

    @Test("leaves nothing to be done later, and knows no machine but the site's")
    func words() throws {
        // Not written as words here, since this file is read as well.
        let unfinished = ["TO" + "DO", "FIX" + "ME", "XX" + "X:", "HA" + "CK"]
        let places = ["/wo" + "rk/", "/ho" + "me/runner", "/Us" + "ers/"]
        for file in try SourceTree.texts() {
            for (number, line) in file.lines.enumerated() {
                for word in unfinished { #expect(!line.hasWord(word), "\(file.path):\(number + 1)") }
                for place in places { #expect(!line.contains(place), "\(file.path):\(number + 1)") }
            }
        }
    }

    @Test("tests each way in which an image list is refused, under its number")
    func refusals() throws {
        let text = try SourceTree.swift("Tests").flatMap(\.lines).joined(separator: "\n")
        let numbers = text.matches(of: #/"(?<numbers>\d+(?:, \d+)*): /#).flatMap {
            $0.numbers.split(separator: ", ").compactMap { Int($0) }
        }
        #expect(Set(1...79).subtracting(numbers) == [])
    }

    @Test("has no trailing white space and a line feed at each file's end")
    func ends() throws {
        for file in try SourceTree.texts() where !file.path.hasSuffix(".qcow2") {
            #expect(file.lines.last == "" && file.lines.dropLast().last != "", "\(file.path)")
            for (number, line) in file.lines.enumerated() where line.hasSuffix(" ") || line.hasSuffix("\t") {
                Issue.record("\(file.path):\(number + 1): white space at the end")
            }
        }
    }
}

extension SourceTree.File {
    /// The modules that the file imports.
    var imports: [String] {
        lines.compactMap { line in
            line.prefixMatch(
                of:
                    #/(?:@testable |package |internal |private |fileprivate )*import (?:struct |func |class |enum )?(?<name>\w+)/#
            )
            .map { String($0.name).replacing("_", with: "-") }
        }
    }
}
