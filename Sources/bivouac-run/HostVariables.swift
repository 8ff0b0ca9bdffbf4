/// Variables of the launcher's environment that mean something on the node alone and stay there.
///
/// Everything else goes to the payload unchanged: a job's environment is the user's, `LD_LIBRARY_PATH`
/// included, whose directories may well be the machine's too.
enum HostVariables {
    /// Names, or beginnings of names that end in `*`.
    private static let table: [StaticString] = [
        // Name files of the node for every program's loader; where they are missing each program complains.
        "LD_PRELOAD", "LD_AUDIT",
        // The way to the node's scheduler and the right to speak to it as this user.
        "SLURM_CONF", "SLURM_CONF_SERVER", "SLURM_JWT", "MUNGE_*",
        // Sockets and sessions of processes on the node.
        "XDG_RUNTIME_DIR", "XDG_SESSION_*", "XDG_SEAT", "XDG_VTNR", "DBUS_*", "SSH_*", "GPG_AGENT_INFO",
        "GPG_TTY", "DISPLAY", "XAUTHORITY", "WAYLAND_DISPLAY", "TMUX", "TMUX_PANE", "STY",
        // Credentials kept in the node's files or kernel.
        "KRB5CCNAME",
        // What a service manager says to its own children.
        "LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES", "NOTIFY_SOCKET", "JOURNAL_STREAM", "INVOCATION_ID",
        "MAINPID", "MANAGERPID", "SYSTEMD_EXEC_PID", "WATCHDOG_PID", "WATCHDOG_USEC",
        // Ours; a machine has no business with them.
        "BIVOUAC_*",
    ]

    /// Whether a `NAME=value` stays on the node.
    static func contains(_ variable: [UInt8]) -> Bool {
        let name = variable.prefix { $0 != UInt8(ascii: "=") }
        return table.contains { entry in
            let entry = Array("\(entry)".utf8)
            if entry.last == UInt8(ascii: "*") { return name.starts(with: entry.dropLast()) }
            return name.elementsEqual(entry)
        }
    }
}
