import Foundation

/// The files of this source tree, as text.
struct SourceTree {
    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().path

    /// A file and its lines.
    struct File {
        /// Below the root of the tree.
        let path: String
        let lines: [String]

        /// The target that it belongs to: the folder below Sources or Tests.
        var target: String { String(path.split(separator: "/").dropFirst().first ?? "") }

        /// Lines without their comments and texts, as far as one line tells.
        var code: [String] { lines.map(Self.withoutWords) }

        private static func withoutWords(_ line: String) -> String {
            var code = ""
            var isText = false
            var previous: Character = " "
            for character in line {
                if character == "\"", previous != "\\" {
                    isText.toggle()
                } else if !isText {
                    if character == "/", previous == "/" { return String(code.dropLast()) }
                    code.append(character)
                }
                previous = character
            }
            return code
        }
    }

    /// The Swift files of Sources or Tests.
    static func swift(_ folder: String) throws -> [File] {
        try files(below: folder) { $0.hasSuffix(".swift") }
    }

    /// Everything that is read as text.
    static func texts() throws -> [File] {
        let folders = ["Sources", "Tests", "hooks", "examples", ".ci"].filter {
            FileManager.default.fileExists(atPath: "\(root)/\($0)")
        }
        // Inputs of the fuzzer are no texts.
        return try folders.flatMap { try files(below: $0) { !$0.hasPrefix("Tests/Fuzz/corpus/") } }
            + ["Package.swift", "README.md"].map(file)
    }

    static func file(_ path: String) throws -> File {
        let text = try String(contentsOfFile: "\(root)/\(path)", encoding: .utf8)
        return File(
            path: path, lines: text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init))
    }

    private static func files(below folder: String, _ wanted: (String) -> Bool) throws -> [File] {
        try FileManager.default.subpathsOfDirectory(atPath: "\(root)/\(folder)").sorted()
            .map { "\(folder)/\($0)" }.filter(wanted)
            .filter {
                let type = try? FileManager.default.attributesOfItem(atPath: "\(root)/\($0)")[.type]
                return type as? FileAttributeType == .typeRegular
            }
            .map(file)
    }
}

extension String {
    /// Whether the word stands in the text, not as a part of a longer one or of a name.
    func hasWord(_ word: String) -> Bool {
        ranges(of: word).contains { range in
            let before = range.lowerBound == startIndex ? " " : self[index(before: range.lowerBound)]
            let after = range.upperBound == endIndex ? " " : self[range.upperBound]
            return !before.isPartOfName && before != "." && !after.isPartOfName
        }
    }

    var withoutIndent: Substring { drop { $0 == " " } }
}

extension Character {
    fileprivate var isPartOfName: Bool { isLetter || isNumber || self == "_" }
}
