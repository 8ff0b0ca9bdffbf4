import Audit
import Batch
import Command
import Digest
import Evidence
import JSON
import Job
import Unix

extension Verbs {
    private struct Exported: Encodable {
        let file: String
        let sha512: String
        let evidence: [String]
        /// What may hold the job's secrets and was not asked for.
        let omitted: [String]
    }

    static func export(_ tool: Tool, _ arguments: Arguments) throws -> Int32 {
        try tool.requireRoot()
        guard let target = arguments["output"], !target.isEmpty else {
            throw Failure(ExitStatus.usage, "an export needs -o FILE")
        }
        guard !Files.exists(target), !Files.exists(target + ".sha512") else {
            throw Failure(ExitStatus.usage, "\(target) or \(target).sha512 is there: name another file")
        }
        let evidence = try arguments.words.flatMap { try paths(tool, $0) }
        let sensitive = arguments.has("with-sensitive")
        let file = try FileDescriptor.open(target, [.write, .create, .exclusive, .noFollow], mode: 0o600)
        do {
            let omitted = try store(tool).export(evidence, to: file, withSensitive: sensitive, now: tool.now)
            var hash = Sha512()
            try FileDescriptor.open(target, [.read, .noFollow]).pieces { hash.update($0) }
            let digest = hash.finish().description
            for path in evidence {
                try note(
                    tool, "evidence export", try store(tool).entry(path),
                    [.init("archive", .string(digest)), .init("sensitive", .bool(sensitive))])
            }
            let name = target.split(separator: "/").last.map(String.init) ?? target
            try Files.write("\(digest)  \(name)\n", to: target + ".sha512", mode: 0o600)
            let left = omitted.map { "left out, may hold secrets (--with-sensitive): \($0)\n" }.joined()
            try tool.show(
                Exported(file: target, sha512: digest, evidence: evidence, omitted: omitted),
                "\(left)\(target): sha512 \(digest)")
            return ExitStatus.success
        } catch {
            // Half an archive is none.
            _ = try? Files.remove(target)
            throw error
        }
    }
}
