import Foundation
import Testing

/// What `bivouac doctor --json` says of one thing.
struct Answer: Decodable {
    let name: String
    let verdict: String
    let message: String
}

extension Node {
    /// A node of a batch system with everything that needs no libvirt; what it asks of a server is answered by programs
    /// in `bin`.
    static func healthy(_ system: String) throws -> Node {
        let node = try Node()
        try FileManager.default.copyItem(atPath: node.endorsement.anchors, toPath: node.path("anchors"))
        try node.configure(["scheduler": "\"\(system)\"", "anchors": "\"\(node.path("anchors"))\""])
        try Launch.require([
            Built.tree + "/hooks/install", "--prefix", node.path("usr"), "--from", Built.directory,
            "--scheduler", system,
        ])
        _ = try node.bivouac("image", "fetch", "demo/minimal")
        _ = try node.bivouac("tick")
        try node.writeProgram("bin/qmgr", "#!/bin/sh\necho set server kill_delay = 60\n")
        return node
    }

    /// Where the hooks of a batch system are installed.
    func hooks(of system: String) -> String { path("usr/libexec/bivouac/" + system) }

    /// Writes what follows from site.toml into the hooks, which has to succeed.
    func writeHooks(of system: String, _ more: String...) throws {
        let run = try bivouac(["doctor", "--write-hooks", hooks(of: system)] + more)
        guard run.status == 0 else { throw Harness.error("doctor: \(run.errors)") }
    }

    /// Asks the installed doctor, who finds what is in `bin` where batch systems put their commands.
    func askDoctor() throws -> (status: Int32, answers: [Answer]) {
        let run = try startDoctor().wait()
        return (run.status, try JSONDecoder().decode([Answer].self, from: run.output))
    }

    func startDoctor() throws -> Launch {
        let line = """
            mount --make-rprivate /
            for program in "$1"/bin/*; do
                ! [ -e /usr/bin/"${program##*/}" ] || mount --bind "$program" /usr/bin/"${program##*/}"
            done
            mount --bind "$1/bin" /usr/local/bin
            exec "$1/usr/sbin/bivouac" doctor --json
            """
        return try Launch(
            ["/usr/bin/unshare", "--mount", "/bin/sh", "-euc", line, "sh", root],
            environment: ["BIVOUAC_ROOT": root])
    }

    /// What cannot be well here: no machine runs on libvirt's test driver, nothing may keep this machine's clock right,
    /// nobody has its `/dev/kvm`.
    private static let unwell: Set = [
        "Virtualization", "Libvirt", "SecurityDriver", "Machine", "Clock", "Accounts", "KvmAccess",
    ]

    /// What the doctor finds that is not this machine's own.
    func faults() throws -> [Answer] {
        try askDoctor().answers.filter { $0.verdict != "ok" && !Self.unwell.contains($0.name) }
    }

    /// Runs a line of shell in the node's root.
    func shell(_ line: String) throws {
        try Launch.require(["/bin/sh", "-euc", "cd \"$1\"; " + line, "sh", root])
    }

    /// Expects that the doctor finds each of these by name, and nothing when they are mended.
    func expectFound(_ breakages: [Breakage]) throws {
        for breakage in breakages {
            try shell(breakage.breaking)
            let found = Result { try askDoctor() }
            try shell(breakage.mending)
            let answers = try found.get().answers
            let named = answers.filter { $0.name == breakage.name && $0.verdict == breakage.verdict }
            #expect(named.contains { $0.message.contains(breakage.says) }, "\(breakage): \(answers)")
        }
        let faults = try faults()
        #expect(faults.isEmpty, "\(faults)")
    }
}
