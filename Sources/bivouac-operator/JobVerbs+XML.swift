import Batch
import Command
import Job
import JobMachine
import Libvirt
import NameService
import Policy
import Site
import Unix

extension Verbs {
    private struct Described: Encodable {
        let admission: Admission?
        let image: Record.Image?
        let xml: String
    }

    static func xml(_ tool: Tool, _ arguments: Arguments) throws -> Int32 {
        try tool.requireRoot()
        let described = try arguments.words.first.map { try live(tool, $0) } ?? rehearsal(tool, arguments)
        try tool.show(described, "<!-- \(try heading(described)) -->\n\(described.xml)")
        return ExitStatus.success
    }

    private static func heading(_ described: Described) throws -> String {
        let text = try described.admission.map { try Table.fields($0) } ?? Table.fields(described.image)
        // Two hyphens end a comment of XML.
        return text.replacing("--", with: "- -")
    }

    private static func live(_ tool: Tool, _ word: String) throws -> Described {
        let key = try tool.key(word)
        guard let record = try LiveJob.peek(key, places: tool.places) else {
            throw Failure(ExitStatus.dataRefused, "job \(key) has no machine on this node")
        }
        let path = record.evidence.map { "\(tool.places.evidence)/\($0)/domain.xml" }
        let xml: String
        if let domain = try Connection.open(tool.site()).lookup(uuid: record.uuid) {
            xml = try domain.xml()
        } else if let path, Files.exists(path) {
            xml = String(decoding: try Files.read(path, limit: 1 << 20), as: UTF8.self)
        } else {
            throw Failure(ExitStatus.dataRefused, "job \(key) has no machine: it is \(record.phase.rawValue)")
        }
        return Described(admission: nil, image: record.image, xml: xml)
    }

    private static func rehearsal(_ tool: Tool, _ arguments: Arguments) throws -> Described {
        let site = try tool.site()
        guard let user = arguments["user"], let queue = arguments["queue"] else {
            throw Failure(ExitStatus.usage, "name a job, or a made-up one's --user and --queue")
        }
        guard let account = NameService.account(named: user) else {
            throw Failure(ExitStatus.dataRefused, "there is no account '\(user)'")
        }
        guard let cpus = Int(arguments["cpus"] ?? "1"), (1...1024).contains(cpus) else {
            throw Failure(ExitStatus.usage, "--cpus is a number from 1 on")
        }
        guard let memory = ByteCount(arguments["memory"] ?? "512 MiB") else {
            throw Failure(ExitStatus.usage, "--memory is an amount such as 512 MiB")
        }
        guard let id = JobID("0"), let key = JobKey(cluster: site.cluster, job: id) else {
            throw Failure(ExitStatus.configuration, "cluster '\(site.cluster)' cannot be part of a job key")
        }
        let job = Job(
            key: key, attempt: 0, account: account, queue: queue, project: "", nodes: 1,
            resources: Resources(cpus: cpus, memory: memory, end: nil),
            words: arguments["image"].map { ["image=" + $0] } ?? [], directory: account.home)
        let prologue = Prologue(
            site: site, places: tool.places, programs: .installed, clock: { tool.now }, annotate: { _ in })
        let (admission, xml) = try prologue.rehearse(job)
        return Described(admission: admission, image: nil, xml: xml)
    }
}
