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
    /// It tells on the console that it has unpacked, since busybox's reads until the host hangs up.
    private static let unpacker = #"""
        mkdir /staged
        echo here >/dev/console
        while :; do
            read -r word <&3 || { sleep 0.02; continue; }
            case $word in
            in) tar x -C /staged <&3; echo there >/dev/console ;;
            out) tar c -C /staged . >&3 ;;
            esac
        done
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
                "for d in 0 1 2 3 4 5 6 7 8 9; do mkdir $d; "
                + "head -c 1000000 /dev/urandom | split -a 3 -b 1000 -d - $d/; done"),
    ]

    /// Working directories into machines and back, against tar(1) through the same port of bare machines, each
    /// as freshly booted as a job's.
    func staging() throws(BenchError) -> [Row] {
        let context = try makeContext(Self.unpacker)
        var rows: [Row] = []
        var number = 0
        for tree in Self.trees {
            let directory = "\(scratch.places.root)/staged"
            try shell("rm -rf \(directory); mkdir \(directory)")
            try shell("cd \(directory) && \(tree.maker) && chown -R nobody .")
            var ours: (into: [Double], back: [Double]) = ([], [])
            var bare: (into: [Double], back: [Double]) = ([], [])
            for index in 1...samples {
                try interleave(
                    index,
                    ours: { () throws(BenchError) in
                        number += 1
                        Self.tell("\(tree.name), \(index) of \(samples): in a job")
                        let times = try stage(number, directory)
                        ours.into.append(times.into)
                        ours.back.append(times.back)
                    },
                    bare: { () throws(BenchError) in
                        Self.tell("\(tree.name), \(index) of \(samples): tar")
                        let times = try unpack(directory, context)
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
        return rows
    }

    /// A job whose working directory it is: until its script runs, and from the script's end to its own.
    private func stage(_ number: Int, _ directory: String) throws(BenchError) -> (into: Double, back: Double)
    {
        try shell("sync -f \(directory)")
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

    /// A bare machine that the tree goes to, and that it comes back from.
    private func unpack(_ directory: String, _ context: String) throws(BenchError) -> (
        into: Double, back: Double
    ) {
        let machine = try BareMachine(98, model, context: context)
        try watch.wait("virsh create", for: try machine.create())
        try machine.awaitConsole("here")
        let socket = machine.payloadSocket
        // QEMU drops what it has not read of a connection that is closed; socat ends its half of it and waits.
        let send = "\(Programs.socat) -b 65536 -t 300 - UNIX-CONNECT:\(socket)"
        let began = ContinuousClock.now
        try shell("{ echo in; tar -c -C \(directory) .; } | \(send)")
        try machine.awaitConsole("there")
        let into = Running.milliseconds(ContinuousClock.now - began)
        // It comes back over files that are on the disk, as a job's does: to free their blocks takes time.
        let target = directory + ".bare"
        try shell("rm -rf \(target); cp -a \(directory) \(target); sync -f \(target)")
        // As long as busybox's archive is: a tar whose input stays open does not end by itself.
        try shell("tar -c -b 1 -C \(directory) . | wc -c >\(target).length")
        let connection = try BenchError.during("could not reach the bare machine") { () throws(UnixError) in
            try Socket.connect(to: socket)
        }
        let ended = ContinuousClock.now
        try BenchError.during("could not write to the bare machine") { () throws(UnixError) in
            try connection.write("out\n")
        }
        try shell("head -c $(cat \(target).length) | tar -x -C \(target)", input: connection.rawValue)
        let back = Running.milliseconds(ContinuousClock.now - ended)
        try watch.wait("virsh destroy", for: try machine.destroy())
        return (into, back)
    }

    private func shell(_ line: String, input: Int32? = nil) throws(BenchError) {
        let words = [Programs.shell, "-c", line]
        let process = try Running.start(words, environment: Programs.environment, input: input)
        try watch.wait(line, for: process)
    }
}
