import Foundation
import GuestProtocol
import TestSupport
import Testing
import Unix

extension HookTests {
    @Suite("What the launcher sends")
    struct LauncherOrderTests {
        /// The order of a launcher that is started, and ended once it has been read.
        private func order(_ desk: Desk, _ launch: Launch) throws -> (order: LaunchOrder, script: [UInt8]) {
            let agent = try desk.theAgent()
            try agent.accept()
            let order = try agent.order()
            try agent.send(.started)
            try agent.send(.exited, [0])
            #expect(try launch.wait().status == 0)
            return order
        }

        /// A script as job_submit.lua leaves it, in front of what the user wrote.
        private func script(_ desk: Desk, _ text: [UInt8]) throws -> String {
            let path = desk.node.path("slurm_script")
            let line = Array("#!\(desk.node.endorsement.launcher) --root=\(desk.node.root) --\n".utf8)
            try writeProgram(line + text, to: path)
            return path
        }

        @Test(
            "is the script below its own first line, whatever that is",
            arguments: [
                Array("#!/bin/sh\necho hello\n".utf8), Array("#!/usr/bin/awk -f\r\nBEGIN { }\r\n".utf8), [],
                Array("\n\n#SBATCH --time=1\n".utf8), [0, 1, 0xFF, 0xFE, 0x0A, 0x80],
                Array("no line feed".utf8),
            ])
        func script(_ text: [UInt8]) throws {
            let desk = try Desk()
            let path = try script(desk, text)
            let sent = try order(desk, try desk.launch([path, "one", "", "three four"]))
            #expect(sent.script == text)
            #expect(sent.order.scriptMode == 0o755)
            #expect(sent.order.arguments == [path, "one", "", "three four"].map { Array($0.utf8) })
        }

        @Test("is a script of 3 MiB, whole")
        func longScript() throws {
            let desk = try Desk()
            let text = (0..<3 << 20).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
            let sent = try order(desk, try desk.launch([try script(desk, text)]))
            #expect(sent.script == text)
        }

        @Test("is no script that is longer than a machine takes, which fails the job")
        func tooLongScript() throws {
            let desk = try Desk()
            let path = try script(desk, [])
            let file = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
            let line = try file.seekToEnd()
            // A hole takes no room.
            try file.truncate(atOffset: line + UInt64(Begin.longestScript) + 1)
            try file.close()
            let run = try desk.launch([path]).wait()
            #expect(run.status == 78)
            #expect(
                run.errors
                    == "bivouac: the script has \(Begin.longestScript + 1) bytes, more than a machine takes\n"
            )
        }

        @Test("is one script deep: a second first line of ours belongs to the user")
        func twice() throws {
            let desk = try Desk()
            let line = Array(
                "#!\(desk.node.endorsement.launcher) --root=\(desk.node.root) --\n#!/bin/sh\n".utf8)
            let sent = try order(desk, try desk.launch([try script(desk, line)]))
            #expect(sent.script == line)
        }

        @Test("is a command without a script when it stands in front of one", arguments: [true, false])
        func command(_ isOneWord: Bool) throws {
            let desk = try Desk()
            let options = isOneWord ? ["--root=\(desk.node.root) --"] : ["--root=\(desk.node.root)", "--"]
            let words = ["/bin/echo", "--", "--root=/x", ""]
            let sent = try order(desk, try desk.launch([desk.node.endorsement.launcher] + options + words))
            #expect(sent.order.arguments == words.map { Array($0.utf8) })
            #expect(sent.order.scriptMode == nil)
            #expect(sent.script.isEmpty)
        }

        @Test("is a script that was not called through its first line as a command of the guest's")
        func foreignScript() throws {
            let desk = try Desk()
            try desk.node.write("script", "#!/bin/sh\ntrue\n")
            let sent = try order(desk, try desk.launch(desk.prefix + [desk.node.path("script")]))
            #expect(sent.order.scriptMode == nil)
            #expect(sent.script.isEmpty)
        }

        @Test("are arguments and variables byte for byte, also those that are no text")
        func bytes() throws {
            let desk = try Desk()
            let prefix = desk.prefix.joined(separator: " ")
            let launch = try desk.launch(
                shell:
                    "V=$(printf 'a\\377\\n\\001b') export V; exec \(prefix) cmd \"$(printf '\\300\\257')\" \"a\n'b\""
            )
            let sent = try order(desk, launch)
            #expect(sent.order.arguments == [Array("cmd".utf8), [0xC0, 0xAF], Array("a\n'b".utf8)])
            #expect(sent.order.variable("V") == [0x61, 0xFF, 0x0A, 0x01, 0x62])
        }

        @Test("is the job's environment, with the user's loader paths but without what means this node alone")
        func environment() throws {
            let desk = try Desk()
            let kept = [
                "HOME": "/home/x", "PATH": "/opt/bin", "SLURM_JOB_ID": "4711", "SLURM_ARRAY_TASK_ID": "3",
                "LD_LIBRARY_PATH": "/opt/lib", "EMPTY": "", "WITH": "a=b", "TMPDIR": "/scratch",
                "LANG": "de_DE.UTF-8",
                "XDG_DATA_HOME": "/x", "MUNGED": "no", "DISPLAYED": "no",
            ]
            let dropped = [
                "LD_PRELOAD": "/x.so", "LD_AUDIT": "/x.so", "SLURM_CONF": "/etc/x", "SLURM_JWT": "secret",
                "MUNGE_SOCKET": "/x", "XDG_RUNTIME_DIR": "/run/user/1", "DBUS_SESSION_BUS_ADDRESS": "unix:",
                "SSH_AUTH_SOCK": "/x", "SSH_CONNECTION": "x", "DISPLAY": ":0", "KRB5CCNAME": "FILE:/x",
                "BIVOUAC_ROOT": "/x", "BIVOUAC_ANYTHING": "x", "NOTIFY_SOCKET": "/x", "LISTEN_FDS": "1",
            ]
            let sent = try order(desk, try desk.launch(environment: kept.merging(dropped) { $1 }))
            let names = Set(
                sent.order.environment.map { String(decoding: $0.prefix { $0 != 0x3D }, as: UTF8.self) })
            for (name, value) in kept { #expect(sent.order.variable(name) == Array(value.utf8), "\(name)") }
            #expect(names.isDisjoint(with: dropped.keys))
        }

        @Test("is the working directory, the file mode mask and the limits as they were")
        func surroundings() throws {
            let desk = try Desk()
            let prefix = desk.prefix.joined(separator: " ")
            let launch = try desk.launch(
                shell: "cd /usr/share && umask 027 && ulimit -c 77 && ulimit -n 333 && exec \(prefix) cmd")
            let sent = try order(desk, launch)
            #expect(sent.order.directory.text == "/usr/share")
            #expect(sent.order.umask == 0o027)
            let limits = Dictionary(uniqueKeysWithValues: sent.order.limits.map { ($0.resource, $0.soft) })
            #expect(limits[coreSize] == 77 * 512)
            #expect(limits[openFiles] == 333)
        }

        @Test("carries nothing of descriptors that were left open")
        func descriptors() throws {
            let desk = try Desk()
            let prefix = desk.prefix.joined(separator: " ")
            let launch = try desk.launch(shell: "exec 3</dev/null 7</dev/null 0<&- ; exec \(prefix) cmd")
            let agent = try desk.theAgent()
            try agent.accept()
            _ = try agent.order()
            try agent.send(.started)
            _ = try agent.next(.stdinEnd)
            try agent.send(.exited, [0])
            #expect(try launch.wait().status == 0)
        }
    }
}

/// Numbers of setrlimit(2) on every Linux architecture we run on.
private let coreSize: UInt8 = 4
private let openFiles: UInt8 = 7
