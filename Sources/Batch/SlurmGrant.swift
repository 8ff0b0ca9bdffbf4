package import Job

/// What Slurm's controller says of a running job.
package struct SlurmGrant: Hashable, Sendable {
    package let cpus: Int?
    package let memory: ByteCount?
    /// A year ahead for a job without a time limit.
    package let end: Timestamp?
    /// The last time, for a job that was requeued.
    package let submitted: Timestamp?

    /// Reads the one line of `squeue --Format=tres-alloc:N,EndTime:N,State:N,SubmitTime:N`, whose columns have fixed widths.
    package init(line: String, columns: [Int]) throws(BatchError) {
        let bytes = Array(line.utf8)
        var offset = 0
        var fields: [String] = []
        for width in columns {
            let field = bytes[min(offset, bytes.count)..<min(offset + width, bytes.count)]
            fields.append(
                String(decoding: field.filter { $0 != UInt8(ascii: " ") && $0 != 0x0A }, as: UTF8.self))
            offset += width
        }
        guard fields.count == 4, !fields[2].isEmpty else {
            throw BatchError(.node, "squeue printed no line for the job")
        }
        end = Int64(fields[1]).map { Timestamp(seconds: $0) }
        submitted = Int64(fields[3]).map { Timestamp(seconds: $0) }
        var cpus: Int?
        var memory: ByteCount?
        for resource in fields[0].split(separator: ",") {
            let pair = resource.split(separator: "=", maxSplits: 1)
            guard pair.count == 2 else { continue }
            if pair[0] == "cpu" { cpus = Int(pair[1]) }
            if pair[0] == "mem" { memory = Self.memory(String(pair[1])) }
        }
        self.cpus = cpus.flatMap { $0 > 0 ? $0 : nil }
        self.memory = memory.flatMap { $0.bytes > 0 ? $0 : nil }
    }

    /// Slurm's amount: a number, perhaps with a fraction, and K, M, G, T or P; mebibytes without a letter.
    static func memory(_ text: String) -> ByteCount? {
        let digits = text.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
        guard let amount = Double(digits), amount >= 0, amount < 1e12 else { return nil }
        let shift: Int64
        switch text.dropFirst(digits.count) {
        case "K": shift = 10
        case "M", "": shift = 20
        case "G": shift = 30
        case "T": shift = 40
        case "P": shift = 50
        default: return nil
        }
        let bytes = amount * Double(Int64(1) << shift)
        return bytes < Double(Int64.max / 2) ? ByteCount(Int64(bytes)) : nil
    }
}

extension JobState {
    /// From Slurm's word for a state, how often the job was requeued and when the controller will end it.
    init(slurm word: String, restarts: Int, end: Timestamp?) {
        let limit = end.map { Limit.at($0) } ?? .never
        switch word {
        case "RUNNING":
            self.init(.running, attempt: restarts, limit: limit)
        // No node runs anything of the job any more, not even its Epilog; or it waits, perhaps for another start.
        case "COMPLETED", "CANCELLED", "FAILED", "TIMEOUT", "NODE_FAIL", "PREEMPTED", "BOOT_FAIL", "DEADLINE",
            "OUT_OF_MEMORY", "PENDING", "REQUEUED", "REQUEUE_HOLD", "SPECIAL_EXIT":
            self.init(.away, attempt: restarts, limit: limit)
        default:
            self.init(.busy, attempt: restarts, limit: limit)
        }
    }
}
