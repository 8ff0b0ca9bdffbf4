internal import GuestProtocol
internal import Unix

/// The processes of this machine but for the kernel's own, from proc(5).
enum GuestProcesses {
    /// The kernel's, which is the parent of all its threads.
    private static let kernel: Int32 = 2

    static func all() -> some Sequence<ProcessList.Row> {
        let processes = ((try? Files.names(in: "/proc")) ?? []).compactMap { Int32($0) }.sorted()
        return processes.lazy.compactMap(row).filter { $0.process != kernel && $0.parent != kernel }
    }

    /// Nil when the process has ended meanwhile.
    private static func row(_ process: Int32) -> ProcessList.Row? {
        let directory = "/proc/\(process)"
        guard let stat = read("\(directory)/stat"), let close = stat.lastIndex(of: UInt8(ascii: ")")),
            let open = stat.firstIndex(of: UInt8(ascii: "(")), open < close
        else { return nil }
        // Behind the name, which may hold anything, the fields from the third on.
        let fields = stat[(close + 1)...].split(separator: 0x20)
        guard fields.count > 21, let state = fields[0].first, let parent = number(fields[1], Int32.self)
        else { return nil }
        let ticks = (number(fields[11], UInt64.self) ?? 0) &+ (number(fields[12], UInt64.self) ?? 0)
        let pages = number(fields[21], UInt64.self) ?? 0
        let line = read("\(directory)/cmdline") ?? []
        let words = Array(line.split(separator: 0).joined(separator: [0x20]))
        let command = words.isEmpty ? Array(stat[open...close]) : words
        return ProcessList.Row(
            process: process, parent: parent, uid: owner("\(directory)/status"), state: state,
            processorTime: ticks &* 10, memory: pages &* 4,
            command: String(decoding: command.prefix(512), as: UTF8.self))
    }

    private static func owner(_ path: String) -> UInt32 {
        let lines = (read(path) ?? []).split(separator: 0x0A)
        let uid = lines.first { $0.starts(with: "Uid:".utf8) }?.split(separator: 0x09).dropFirst().first
        return uid.flatMap { number($0, UInt32.self) } ?? .max
    }

    private static func read(_ path: String) -> [UInt8]? {
        try? FileDescriptor.open(path, .read).read(upTo: 4096)
    }

    private static func number<Number: FixedWidthInteger>(_ digits: ArraySlice<UInt8>, _: Number.Type)
        -> Number?
    {
        Number(String(decoding: digits, as: UTF8.self))
    }
}
