/// The directory of one machine's own files.
package struct MachineDirectory: Hashable, Sendable {
    /// The directory itself.
    package let path: String

    /// The directory with this path.
    package init(path: String) { self.path = path }

    /// The qcow2 file that takes what the guest writes.
    package var overlay: String { path + "/overlay.qcow2" }
    /// The volume that tells the guest who it is.
    package var context: String { path + "/context.iso" }
    /// What the guest printed on its serial line.
    package var console: String { path + "/console.log" }
    /// Where QEMU finds who serves the machine's shared directory of that number.
    package func shareSocket(_ number: Int) -> String { "\(path)/share\(number)" }
    /// Held by that process as long as it lives; its number stands there.
    package func shareLock(_ number: Int) -> String { "\(path)/share\(number).lock" }
    /// A copy of the job's record that outlives a reboot.
    package var record: String { path + "/record.json" }
}
