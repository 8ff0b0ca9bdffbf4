internal import JobContext
internal import Unix

extension JobBench {
    /// A context volume whose prolog runs these shell commands in the guest, with the payload's port as
    /// descriptor 3.
    func makeContext(_ commands: String) throws(BenchError) -> String {
        let prolog = #"""
            (
                for module in virtio_pci virtio_console; do modprobe -q "$module" 2>/dev/null; done
                for entry in /sys/class/virtio-ports/*; do
                    [ "$(cat "$entry/name")" = org.bivouac.payload ] && port=/dev/${entry##*/}
                done
                exec 3<>"$port"
            \#(commands)
            ) </dev/null >/dev/null 2>&1 &

            """#
        let path = scratch.bare + "/prolog.iso"
        try BenchError.during("could not make \(path)") { () throws(ContextError) in
            try Volume(
                label: "CONTEXT",
                files: [
                    .init("context.sh", .bytes([])), .init("prolog.sh", .bytes(Array(prolog.utf8))),
                    .init("epilog.sh", .bytes([])),
                ]
            ).write(newFile: path, mode: 0o444)
        }
        return path
    }
}
