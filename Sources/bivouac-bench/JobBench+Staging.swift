internal import Job
internal import JobContext
internal import Site
internal import Unix

extension JobBench {
    /// A job that touches every file it was sent when it is told to, so that all of them go back.
    private static let toucher = #"""
        #!/bin/sh
        echo here
        read -r word
        find . -type f -exec touch {} +
        echo ready
        read -r word

        """#

    /// The same without us: tar in the guest on the same port.
    ///
    /// It tells on the console that it has unpacked, since
    /// busybox's reads until the host hangs up.
    private static let unpacker = #"""
        (
            for module in virtio_pci virtio_console; do modprobe -q "$module" 2>/dev/null; done
            for entry in /sys/class/virtio-ports/*; do
                [ "$(cat "$entry/name")" = org.bivouac.payload ] && port=/dev/${entry##*/}
            done
            exec 3<>"$port"
            while :; do
                read -r word <&3 || { sleep 0.02; continue; }
                case $word in
                in*) rm -rf /staged; mkdir /staged; echo "clear $word" >/dev/console ;;
                tar*) tar x -C /staged <&3; echo "done $word" >/dev/console ;;
                out) tar c -C /staged . >&3 ;;
                esac
            done
        ) </dev/null >/dev/null 2>&1 &

        """#

    /// A tree of the user's, and what it is called.
    private struct Sample {
        let name: String
        let target: Row.Target
        /// Makes it in the directory that it is run in.
        let maker: String
    }

    private static let trees = [
        Sample(
            name: "256 MiB", target: .ratioAtMost(1.15),
            maker: "for i in 1 2 3 4 5 6 7 8; do head -c 33554432 /dev/urandom >$i; done"),
        Sample(
            name: "10,000 files", target: .ratioAtMost(1.3),
            maker:
                "for d in 0 1 2 3 4 5 6 7 8 9; do mkdir $d; i=0; while [ $i -lt 1000 ]; do "
                + "head -c 1000 /dev/urandom >$d/$i; i=$((i+1)); done; done"),
    ]

    /// Working directories into machines and back, against tar(1) through the same port of a bare machine.
    func staging() throws(BenchError) -> [Row] {
        let machine = try BareMachine(98, model, context: try makeUnpackContext())
        try watch.wait("virsh create", for: try machine.create())
        var rows: [Row] = []
        var number = 0
        for tree in Self.trees {
            let directory = "\(scratch.places.root)/staged"
            try Programs.run([Programs.shell, "-c", "rm -rf \(directory); mkdir \(directory)"])
            try Programs.run([Programs.shell, "-c", "cd \(directory) && \(tree.maker) && chown -R nobody ."])
            var ours: (into: [Double], back: [Double]) = ([], [])
            var bare: (into: [Double], back: [Double]) = ([], [])
            for index in 1...samples {
                try interleave(
                    index,
                    ours: { () throws(BenchError) in
                        number += 1
                        let times = try stage(number, directory)
                        ours.into.append(times.into)
                        ours.back.append(times.back)
                    },
                    bare: { () throws(BenchError) in
                        number += 1
                        let times = try unpack(machine, number, directory)
                        bare.into.append(times.into)
                        bare.back.append(times.back)
                    })
            }
            func sums(_ times: (into: [Double], back: [Double])) -> [Double] {
                zip(times.into, times.back).map { $0 + $1 }
            }
            rows += [
                Row("\(tree.name) in", "ms", ours.into, against: bare.into, .none),
                Row("\(tree.name) out", "ms", ours.back, against: bare.back, .none),
                Row("\(tree.name) in and out / tar", "ms", sums(ours), against: sums(bare), tree.target),
            ]
        }
        try watch.wait("virsh destroy", for: try machine.destroy())
        return rows
    }

    /// A job whose working directory it is: until its script runs, and from the script's end to its own.
    private func stage(_ number: Int, _ directory: String) throws(BenchError) -> (into: Double, back: Double)
    {
        let job = try MadeUpJob(100 + number, scratch)
        try job.writeScript(Self.toucher)
        try watch.wait("the prologue", for: try job.prologue())
        let began = ContinuousClock.now
        let launcher = try Conversation { (input, output) throws(BenchError) in
            try job.task(input: input, output: output, directory: directory)
        }
        watch.own(launcher.process)
        _ = try launcher.hear(watch)
        let into = Running.milliseconds(ContinuousClock.now - began)
        try launcher.say("touch\n")
        _ = try launcher.hear(watch)
        let ended = ContinuousClock.now
        try launcher.say("end\n")
        try watch.wait("the launcher", for: launcher.process)
        let back = Running.milliseconds(ContinuousClock.now - ended)
        try watch.wait("the epilogue", for: try job.epilogue())
        return (into, back)
    }

    private func unpack(_ machine: BareMachine, _ number: Int, _ directory: String) throws(BenchError)
        -> (into: Double, back: Double)
    {
        try say("in\(number)\n", to: machine, nil)
        let began = ContinuousClock.now
        try say(
            "tar\(number)\n", to: machine,
            { (socket) throws(BenchError) in
                try Running.start(
                    ["/usr/bin/tar", "-c", "-C", directory, "."], environment: Programs.environment,
                    output: socket)
            })
        try machine.awaitConsole("done tar\(number)")
        let into = Running.milliseconds(ContinuousClock.now - began)
        let target = directory + ".bare"
        try Programs.run([Programs.shell, "-c", "rm -rf \(target); mkdir \(target)"])
        let ended = ContinuousClock.now
        try say(
            "out\n", to: machine,
            { (socket) throws(BenchError) in
                try Running.start(
                    ["/usr/bin/tar", "-x", "-B", "-C", target], environment: Programs.environment,
                    input: socket)
            })
        return (into, Running.milliseconds(ContinuousClock.now - ended))
    }

    /// Says a word to the bare machine, lets a program go on with the connection, and hangs up at its end.
    private func say(
        _ word: String, to machine: BareMachine, _ start: ((Int32) throws(BenchError) -> Running)?
    ) throws(BenchError) {
        let socket = try BenchError.during("could not reach the bare machine") { () throws(UnixError) in
            let socket = try Socket.connect(to: machine.payloadSocket)
            try socket.write(word)
            return socket
        }
        if let start { try watch.wait("tar", for: try start(socket.rawValue)) }
        if start == nil { try machine.awaitConsole("clear " + word.dropLast()) }
    }

    private func makeUnpackContext() throws(BenchError) -> String {
        let path = scratch.bare + "/unpack.iso"
        try BenchError.during("could not make \(path)") { () throws(ContextError) in
            try Volume(
                label: "CONTEXT",
                files: [
                    .init("context.sh", .bytes([])), .init("prolog.sh", .bytes(Array(Self.unpacker.utf8))),
                    .init("epilog.sh", .bytes([])),
                ]
            ).write(newFile: path, mode: 0o444)
        }
        return path
    }
}
