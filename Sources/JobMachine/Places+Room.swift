internal import ImageStore
internal import Job
internal import Site
internal import Unix

extension Places {
    /// Whether the machines that run here find room for what they write: a start leaves them what a fetch leaves them.
    func checkRoom() throws(MachineFault) {
        let path = machines
        let free = try atNode("could not ask for free space") { () throws(UnixError) in
            try Files.freeSpace(path)
        }
        guard free >= ImageStore.reserve else {
            throw .fault(
                .node,
                "\(ByteCount(free)) are free in \(path), and \(ByteCount(ImageStore.reserve)) must stay free for "
                    + "machines that run")
        }
    }
}
