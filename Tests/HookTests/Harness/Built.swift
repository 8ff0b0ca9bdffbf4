import Foundation

/// What was built beside this test bundle, and the source tree that it was built from.
enum Built {
    /// The directory of the executables, `.build/debug` for one.
    static let directory = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        .deletingLastPathComponent().path

    static let tree = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path

    /// As the hooks of Slurm call them.
    static var prologue: [String] { [directory + "/bivouac-prologue", "slurm"] }
    static var epilogue: [String] { [directory + "/bivouac-epilogue", "slurm"] }
    static var bivouac: String { directory + "/bivouac" }
    static var launcher: String { directory + "/bivouac-run" }
    static var share: String { directory + "/bivouac-share" }
    static var taskProlog: String { directory + "/bivouac-task-prolog" }
}
