import GuestProtocol
import Job
import Testing

@Suite("A machine's assignment is read strictly")
struct AssignmentTests {
    private func made() throws -> Assignment {
        Assignment(
            key: try #require(JobKey("demo-4711")), machine: "0b6e0c5e-1111-2222-3333-444455556666",
            hostname: "node7",
            account: Account(
                name: "alice", uid: 1000, gid: 100,
                groups: [
                    .init(name: "physics", gid: 100), .init(name: "domänen^benutzer", gid: 4_000_000_000),
                ],
                home: "/home/alice", shell: "/bin/bash"),
            machineFeatures: [try #require(.init("total_cpu", "2"))],
            jobFeatures: [try #require(.init("job_id", "4711")), try #require(.init("max_rss_bytes", ""))],
            grace: 25, listening: .fail, payload: .image,
            files: ["/etc/resolv.conf": "a\nb \"c\" ü"], environment: ["TZ": "UTC"],
            shares: [
                .init(tag: "share0", paths: ["/cvmfs"], readOnly: true),
                .init(tag: "share1", paths: ["/data/home/a", "/home/a"], readOnly: false),
            ], hasUserDisk: true)
    }

    private func refusal(replacing old: String, with new: String) throws -> String {
        let text = String(decoding: try made().document, as: UTF8.self)
        try #require(text.contains(old), "\(old) is not in \(text)")
        let changed = String(
            text.split(separator: old, omittingEmptySubsequences: false).joined(separator: new))
        let error = #expect(throws: AssignmentError.self) { try Assignment(parsing: Array(changed.utf8)) }
        return error?.what ?? ""
    }

    @Test("what was written is what is read")
    func roundTrip() throws {
        let assignment = try made()
        #expect(try Assignment(parsing: assignment.document) == assignment)
    }

    @Test(
        "a value that the agent could not use safely is refused by the member's name",
        arguments: [
            (#""version":1"#, #""version":2"#, "unknown version"),
            (#""version":1,"#, "", "the document lacks 'version'"),
            (#""version":1"#, #""version":1,"more":1"#, "the document has an unknown member"),
            ("demo-4711", "demo/4711", "bad 'key'"),
            ("0b6e0c5e-", "../../../", "bad 'machine'"),
            ("node7", "node 7", "bad 'hostname'"),
            (#""uid":1000"#, #""uid":0"#, "the account is root's"),
            (#""uid":1000"#, #""uid":4294967295"#, "bad 'uid'"),
            (#""uid":1000"#, #""uid":-1"#, "bad 'uid'"),
            (#""uid":1000"#, #""uid":"1000""#, "'uid' is no integer"),
            (#""alice""#, #""ali:ce""#, "bad 'name'"),
            (#""alice""#, #""ali\nce""#, "bad 'name'"),
            (#""alice""#, #""""#, "bad 'name'"),
            (#""alice""#, #""root""#, "the account is root's"),
            ("/home/alice", "home/alice", "bad 'home'"),
            ("/bin/bash", "/bin/ba:sh", "bad 'shell'"),
            ("total_cpu", "../total", "bad 'machinefeatures'"),
            ("job_id", "Job", "bad 'jobfeatures'"),
            ("/cvmfs", "/etc", "bad 'shares'"),
            ("/cvmfs", "cvmfs", "bad 'shares'"),
            ("/cvmfs", "/home/../etc", "bad 'shares'"),
            (#"["/cvmfs"]"#, "[]", "bad 'shares'"),
            (#"["/cvmfs"]"#, "[1]", "bad 'shares'"),
            ("share0", "share,0", "bad 'shares'"),
            (#""readOnly":true"#, #""readOnly":1"#, "'readOnly' is no flag"),
            (#""userDisk":true"#, #""userDisk":"yes""#, "'userDisk' is no flag"),
            (#""grace":25"#, #""grace":-1"#, "bad 'grace'"),
            (#""grace":25"#, #""grace":"25""#, "'grace' is no integer"),
            (#""listening":"fail""#, #""listening":"no""#, "bad 'listening' or 'payload'"),
            (#""4711""#, #""47\n11""#, "bad 'jobfeatures'"),
        ])
    func values(old: String, new: String, what: String) throws {
        #expect(try refusal(replacing: old, with: new) == what)
    }

    @Test("a document that is too long is refused")
    func tooLong() {
        let long = Array(repeating: UInt8(ascii: " "), count: Assignment.longest + 1)
        #expect(throws: AssignmentError.self) { try Assignment(parsing: long) }
    }

    @Test("100,000 mutated documents are read within bounds or refused")
    func fuzz() throws {
        var noise = Noise(seed: 2)
        let original = try made().document
        var accepted = 0
        for _ in 0..<100_000 {
            var bytes = original
            for _ in 0...Int.random(in: 0..<3, using: &noise) {
                let place = Int.random(in: 0..<bytes.count, using: &noise)
                switch Int.random(in: 0..<3, using: &noise) {
                case 0: bytes[place] = UInt8.random(in: 0...255, using: &noise)
                case 1: bytes.remove(at: place)
                default: bytes[place] = UInt8.random(in: 0x20..<0x7F, using: &noise)
                }
            }
            guard let read = try? Assignment(parsing: bytes) else { continue }
            accepted += 1
            precondition(
                read.account.uid != 0 && !read.account.name.contains(":") && read.account.home.first == "/")
        }
        #expect((1000...80_000).contains(accepted), "\(accepted) accepted")
    }
}
