import Evidence
import Foundation
import Job
import Testing

extension CrashTests {
    /// File systems that take nothing more: new jobs are refused by the node, running ones go on, and what is
    /// to be kept of them is kept as soon as it can be.
    @Suite("whose disks are full", .serialized)
    struct DiskTests {
        /// One file system of the node, and what happens to a running job's end on it.
        struct Case: CustomTestStringConvertible, Sendable {
            let directory: String
            let trouble: Trouble
            /// Whether the running job's epilogue can do all of its work.
            let canEnd: Bool

            var testDescription: String { "\(directory) \(trouble.rawValue)" }
        }

        enum Trouble: String, CaseIterable {
            case noSpace = "without space"
            case noInodes = "without inodes"
            case readOnly = "read-only"

            /// Makes it so in the current directory, and undoes it.
            var lines: (begin: String, end: String) {
                switch self {
                case .noSpace: ("dd if=/dev/zero of=fill bs=4k 2>/dev/null; true", "rm fill")
                case .noInodes:
                    (
                        "mkdir fill; i=0; while : >fill/$i; do i=$((i + 1)); done 2>/dev/null; true",
                        "rm -r fill"
                    )
                // A mount of its own on top: what is open for writing below stays so.
                case .readOnly:
                    ("mount --bind . \"$PWD\"; mount -o remount,bind,ro \"$PWD\"", "umount -l \"$PWD\"")
                }
            }
        }

        static let cases = Trouble.allCases.flatMap { trouble in
            let all = [
                // What is only removed needs no room; what cannot even be removed waits.
                Case(directory: "run/bivouac", trouble: trouble, canEnd: trouble != .readOnly),
                Case(directory: "var/lib/bivouac/machines", trouble: trouble, canEnd: trouble != .readOnly),
                Case(directory: "var/lib/bivouac/evidence", trouble: trouble, canEnd: false),
                // An ending goes on without its audit line.
                Case(directory: "var/log/bivouac", trouble: trouble, canEnd: true),
            ]
            // A log that is there needs no inode.
            return trouble == .noInodes ? all.dropLast() : all
        }

        @Test(
            "no job starts, no running job is hurt, and its evidence is kept when there is room again",
            arguments: cases)
        func full(_ item: Case) async throws {
            let room = try await MachineRoom()
            try await room.mount(over: item.directory, "size=4m,nr_inodes=200,mode=0711")
            let running = try await room.running(1)
            let machine = try room.processes(of: running)
            let there = "cd \(item.directory) && "
            try await room.shell(there + item.trouble.lines.begin)

            let newcomer = room.job(2)
            let prologue = try await room.prologue(newcomer)
            #expect(prologue.status == 69, "\(prologue.errors)")
            let lines = prologue.errors.split(separator: "\n")
            #expect(lines.count == 1 && prologue.errors.contains(item.directory), "\(prologue.errors)")
            #expect(try room.started() == ["t-1.0"])
            let left = try room.leftovers(of: newcomer).filter { !$0.hasPrefix("live ") }
            #expect(left == [])

            // The running one is as it was.
            #expect(try room.processes(of: running) == machine)
            #expect(try room.phase(running) == "running")
            let epilogue = try await room.epilogue(running)
            #expect(epilogue.status == (item.canEnd ? 0 : 69), "\(epilogue.errors)")
            #expect(try room.processes(of: running) == [], "its machine has ended, whatever the disks say")
            if item.canEnd {
                #expect(try room.leftovers(of: running) == [])
            } else {
                #expect(epilogue.errors.contains(item.directory), "\(epilogue.errors)")
            }

            try await room.shell(there + item.trouble.lines.end)
            let tick = try await room.tick()
            #expect(tick.status == 0, "\(tick.errors)")
            for job in [running, newcomer] {
                #expect(try room.leftovers(of: job) == [])
                #expect(try room.unexplained(job) == [])
            }
            // Whoever finished it, it ended as the epilogue was told, and well: nothing more of it is kept.
            let end = try room.end(of: running)
            #expect(end.cause == "epilogue" && end.exit == "0:0")
            #expect(end.usage.map { $0.memory.bytes > 0 } == true)
            #expect(!room.kept(of: running).contains("overlay.qcow2"))
            #expect(try room.misreported() == [])
        }
    }
}
