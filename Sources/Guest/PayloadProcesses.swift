internal import Unix

/// All processes of a payload: those of its control group, or where the guest has no cgroup2 those of the
/// payload's session.
struct PayloadProcesses {
    /// Directory of the control group; nil where there is none.
    let group: String?
    /// The payload's process and the leader of its session, once it is there.
    var leader: Int32?

    /// Makes a control group if the guest mounts cgroup2 somewhere.
    init() {
        guard let root = Mounts.first(ofType: "cgroup2") else {
            group = nil
            return
        }
        let path = "\(root)/bivouac-payload-\(Process.id)-\(UInt32.random(in: 0...UInt32.max))"
        group = (try? Files.makeDirectory(path, mode: 0o755)) == nil ? nil : path
    }

    /// Sends a signal to every one of them.
    func signal(_ signal: Int32) { for process in members { Signals.send(signal, to: process) } }

    /// Ends every one of them, also those that are being forked meanwhile.
    func kill() {
        if let group, write("1", to: group + "/cgroup.kill") { return }
        thaw()
        for _ in 0..<100 {
            let members = members
            if members.isEmpty { return }
            for process in members { Signals.send(Signals.kill, to: process) }
            Deadline.sleep(milliseconds: 1)
        }
    }

    /// Stops every one of them without their noticing, where the kernel can (4.20), or by the stop signal.
    func freeze() {
        if let group, write("1", to: group + "/cgroup.freeze") { return }
        var stopped: Set<Int32> = []
        // Until a look finds nobody new: who forks while it is being stopped has a child that runs on.
        while true {
            let new = members.filter { !stopped.contains($0) }
            if new.isEmpty { return }
            for process in new { Signals.send(Signals.stop, to: process) }
            stopped.formUnion(new)
        }
    }

    /// Undoes `freeze`.
    func thaw() {
        if let group, write("0", to: group + "/cgroup.freeze") { return }
        signal(Signals.proceed)
    }

    /// Removes the control group when nobody is in it.
    func dissolve() { if let group { try? Files.removeDirectory(group) } }

    private var members: [Int32] {
        if let group,
            let bytes = try? FileDescriptor.open(group + "/cgroup.procs", .read).readAll(limit: 1 << 20)
        {
            return String(decoding: bytes, as: UTF8.self).split(separator: "\n").compactMap { Int32($0) }
        }
        guard let leader else { return [] }
        return ((try? Files.names(in: "/proc")) ?? []).compactMap { Int32($0) }
            .filter { Self.session(of: $0) == leader }
    }

    /// The session of a process that is no zombie.
    ///
    /// From `/proc/PID/stat`, see proc(5).
    private static func session(of process: Int32) -> Int32? {
        guard let bytes = try? FileDescriptor.open("/proc/\(process)/stat", .read).readAll(limit: 4096),
            let close = bytes.lastIndex(of: UInt8(ascii: ")"))
        else { return nil }
        let fields = String(decoding: bytes[(close + 1)...], as: UTF8.self).split(separator: " ")
        guard fields.count > 3, fields[0] != "Z" else { return nil }
        return Int32(fields[3])
    }

    private func write(_ text: String, to path: String) -> Bool {
        (try? FileDescriptor.open(path, .write).write(text)) != nil
    }
}
