import Foundation
import TestSupport

extension Node {
    /// Where the Slurm hooks are installed on this node.
    var hooks: String { path("usr/libexec/bivouac/slurm") }

    /// Installs the programs and hooks below the root, with the lines that follow from site.toml.
    func install() throws -> String {
        try copyIn()
        try write("slurm.conf", "ClusterName=t\nSlurmdSpoolDir=\(path("spool"))\n")
        let doctor = try writeHooks()
        guard doctor.status == 0 else { throw Harness.error("doctor: \(doctor.errors)") }
        return hooks
    }

    func copyIn() throws {
        try Launch.require([
            Built.tree + "/hooks/install", "--prefix", path("usr"), "--from", Built.directory,
        ])
    }

    func writeHooks(_ directory: String? = nil) throws -> Outcome {
        try bivouac("doctor", "--write-hooks", directory ?? hooks, "--slurm-conf", path("slurm.conf"))
    }

    func writeProgram(_ relative: String, _ text: String) throws {
        try TestSupport.writeProgram(text.utf8, to: path(relative))
    }
}
