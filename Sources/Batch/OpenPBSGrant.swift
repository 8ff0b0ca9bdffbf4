internal import Job

/// What a job of OpenPBS was granted on its vnodes: `exec_vnode`, which the scheduler wrote and which every job has.
///
/// `Resource_List` is no grant: the user may ask for memory by the job and by the chunk.
struct OpenPBSGrant: Hashable, Sendable {
    let cpus: Int
    /// Nil when none was asked for.
    let memory: ByteCount?

    /// Reads `(VNODE:ncpus=2:mem=1048576kb+VNODE:ncpus=1)+(...)`; everything is one host's.
    init(_ vnodes: String) throws(BatchError) {
        var cpus = 0
        var memory: Int64?
        for chunk in vnodes.split(separator: "+") {
            var seen: Set<Substring> = []
            for resource in chunk.filter({ $0 != "(" && $0 != ")" }).split(separator: ":").dropFirst() {
                let pair = resource.split(separator: "=", maxSplits: 1)
                guard pair.count == 2, seen.insert(pair[0]).inserted else { throw Self.unreadable }
                if pair[0] == "ncpus" {
                    guard let count = Int(pair[1]), (0...100_000).contains(count) else {
                        throw Self.unreadable
                    }
                    cpus += count
                }
                if pair[0] == "mem" {
                    guard let amount = PBSResources.size(String(pair[1])) else { throw Self.unreadable }
                    let (sum, overflow) = (memory ?? 0).addingReportingOverflow(amount.bytes)
                    guard !overflow else { throw Self.unreadable }
                    memory = sum
                }
            }
        }
        self.cpus = cpus
        self.memory = memory.map { ByteCount($0) }
    }

    private static let unreadable = BatchError(
        .job, "what the job was granted cannot be read: its exec_vnode")
}
