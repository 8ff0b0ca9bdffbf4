import Evidence
import Foundation
import GuestProtocol
import Job
import Libvirt
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
                case .noSpace:
                    (
                        "for size in 64k 4k; do dd if=/dev/zero bs=$size; done >fill 2>/dev/null; true",
                        "rm fill"
                    )
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
            try await room.mount(over: item.directory, "size=80m,nr_inodes=200,mode=0711")
            let running = try await room.running(1)
            let machine = try room.processes(of: running)
            let there = "cd \(item.directory) && "
            if item.directory == "var/log/bivouac" { try await Self.fillLastPage(in: room) }
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

        /// Leaves a job's lines no room in the last page of the log, which takes bytes also on a disk that is full.
        private static func fillLastPage(in room: MachineRoom) async throws {
            let log = "/proc/\(room.namespace)/root" + room.node.path("var/log/bivouac/audit.jsonl")
            func used() throws -> Int {
                let size = try FileManager.default.attributesOfItem(atPath: log)[.size] as? NSNumber
                return (size?.intValue ?? 0) % 4096
            }
            while try used() < 4096 - 600 { try await room.require([Built.bivouac, "evidence", "prune"]) }
        }

        @Test("a machine whose disk finds no room stands still until there is some, and goes on from there")
        func standstill() async throws {
            let room = try await MachineRoom()
            try Self.useWriter(on: room.node)
            try await room.require([Built.bivouac, "image", "fetch", "demo/minimal"])
            let machines = "var/lib/bivouac/machines"
            try await room.mount(over: machines, "size=80m,mode=0711")
            let job = try await room.running(1)
            try room.scheduler(says: "RUNNING", of: job)
            let libvirt = try Connection.open(room.libvirt)
            let uuid = try #require(try libvirt.lookup(name: "bivouac-t-1.0")?.uuid())
            func stopped() throws -> Bool { try libvirt.lookup(uuid: uuid)?.state().isStoppedByDisk == true }
            for _ in 1...2 {
                try await Harness.soon("a write that finds no room", stopped)
                let tick = try await room.tick()
                #expect(tick.status == 69)
                #expect(tick.errors.contains("job t-1 stands still") && tick.errors.contains(machines))
            }
            #expect(try room.phase(job) == "running")
            #expect(try await room.run([Built.bivouac, "job", "list"]).text.contains("stands still since"))
            let newcomer = room.job(2)
            let prologue = try await room.prologue(newcomer)
            #expect(prologue.status == 69 && prologue.errors.contains(machines), "\(prologue.errors)")
            #expect(try room.started() == ["t-1.0"])

            try await Harness.soon("a write that finds no room", stopped)
            try await room.shell("mount -o remount,size=300m \(machines)")
            for line in ["job t-1 stood still", "job t-1 runs again"] {
                let tick = try await room.tick()
                #expect(tick.status == 0 && tick.errors.contains(line), "\(tick.errors)")
                #expect(try libvirt.lookup(uuid: uuid)?.state().kind == .running)
            }
            #expect(try room.node.record(job)?["stalled"] == nil)
            for job in [job, newcomer] {
                #expect(try await room.epilogue(job).status == 0)
                #expect(try room.leftovers(of: job) == [])
            }
        }

        /// Puts an image in force that writes to all of its 128 MiB, and an agent that sets clocks.
        private static func useWriter(on node: Node) throws {
            let code: [UInt8] = [
                0x31, 0xC0,  // xor ax, ax
                0x8E, 0xD8,  // mov ds, ax
                0xBE, 0x1E, 0x7C,  // mov si, packet
                0xB4, 0x43,  // next: mov ah, 43h
                0xB0, 0x00,  // mov al, 0
                0xCD, 0x13,  // int 13h: extended write
                0x72, 0x0C,  // jc rest
                0x83, 0x06, 0x26, 0x7C, 0x7F,  // add word [packet + 8], 127
                0x83, 0x16, 0x28, 0x7C, 0x00,  // adc word [packet + 10], 0
                0xEB, 0xEC,  // jmp next
                0xF4,  // rest: hlt
                0xEB, 0xFD,  // jmp rest
                // packet: 127 sectors at 0800:0000, to sector 2048
                0x10, 0, 127, 0, 0, 0, 0x00, 0x08,
                0, 8, 0, 0, 0, 0, 0, 0,
            ]
            let sector = code + [UInt8](repeating: 0, count: 510 - code.count) + [0x55, 0xAA]
            try Data(sector).write(to: URL(fileURLWithPath: node.path("writer.raw")))
            let image = node.path("writer.qcow2")
            try Launch.require([
                "/bin/sh", "-ec",
                "truncate -s 128M \"$1\"; qemu-img convert -f raw -O qcow2 \"$1\" \"$2\"", "sh",
                node.path("writer.raw"), image,
            ])
            try node.endorsement.sign(node.path("writer.list"), image: image)
            try node.write("etc/bivouac/lists.d/demo.toml", node.subscription(node.path("writer.list")))
            try node.refresh()
            var frame = FrameWriter()
            frame.append(.ready, Ready(agent: "test", kernel: "6.1", uptime: 1000).body)
            frame.append(.clockSet)
            try Data(frame.take()).write(to: URL(fileURLWithPath: node.path("ready")))
        }
    }
}
