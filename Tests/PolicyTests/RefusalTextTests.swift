import ImageTrust
import Job
import Policy
import Site
import Testing

@Suite("A refused job is told which thing was refused, and what would help") struct RefusalTextTests {
    /// A fixture that is refused, and the whole line that follows.
    private static let cases: [(line: String, change: @Sendable (inout Fixture) throws -> Void)] = [
        (
            "RootJob: a job of root gets no machine: submit it from an ordinary account",
            { $0.job.account.uid = 0 }
        ),
        ("MultiNode: the job has 2 nodes: ask for one", { $0.job.nodes = 2 }),
        (
            "QueueNotAllowed: 'other' is not a queue whose jobs run in machines",
            { $0.job.queue = "other" }
        ),
        (
            "UserNotAllowed: the queue 'vm' is not open to the user 'alice'",
            { $0.changeQueue { $0.users = ["bob"] } }
        ),
        (
            "UserNotAllowed: the list 'demo' is not open to any group of the user 'alice'",
            { $0.changeRule { $0.groups = ["biology"] } }
        ),
        (
            "UserNotAllowed: the queue 'vm' is not open to the account 'atlas'",
            { $0.changeQueue { $0.accounts = ["cms"] } }
        ),
        (
            "BadImageName: '../x' does not name an image: write image=LIST/ALIAS or image=LIST/UUID",
            { $0.job.words = ["image=../x"] }
        ),
        (
            "AmbiguousImage: the job names demo/a and demo/b: name one image",
            { $0.job.words = ["image=demo/b", "image=demo/a"] }
        ),
        (
            "NoImageNamed: the job names no image and 'vm' has none of its own: name one with image=LIST/ALIAS",
            { $0.changeQueue { $0.image = nil } }
        ),
        (
            "UnknownImage: 'other/minimal': this site has no list 'other'",
            { $0.job.words = ["image=other/minimal"] }
        ),
        (
            "UnknownImage: 'demo/other': the list 'demo' has no image 'other' here",
            { $0.job.words = ["image=demo/other"] }
        ),
        (
            "UnknownImage: 'demo/minimal' (\(Fixture.image)) is not in version 1.0 of the list",
            { $0.store(try Fixture.stored(images: [])) }
        ),
        (
            "QueueNotAllowed: the queue 'vm' does not allow 'demo/minimal': it allows demo/other, x/*",
            { $0.changeQueue { $0.allow = ["demo/other", "x/*"] } }
        ),
        (
            "ClassNotAllowed: 'demo/minimal' is of class 3, and the queue 'vm' takes 1, 2",
            { $0.changeRule { $0.imageClass = 3 } }
        ),
        (
            "ImageUnavailable: no version of the list 'demo' has been accepted on this node yet: run "
                + "'bivouac list refresh demo'",
            { $0.lists = [:] }
        ),
        (
            "EndorserNotAuthorised: '/DC=org/CN=Eve' signed the list 'demo' and is not one of its endorsers now: "
                + "the list 'demo' names the endorser 'eve', who is not in endorsers.d",
            { $0.site.endorsers["eve"] = nil }
        ),
        (
            "ListIdentifierMismatch: the stored list 'demo' is \(Fixture.list), and not \(Fixture.otherList) any "
                + "more: run 'bivouac list refresh demo'",
            { $0.changeRule { $0.identifier = Fixture.otherList } }
        ),
        (
            "WeakDigest: the list 'demo' is signed over SHA-1, which it may not be now",
            { $0.store(try Fixture.stored(digest: .sha1)) }
        ),
        (
            "ImageExpired: image \(Fixture.image) expired 2026-06-15T11:00:00Z",
            {
                $0.store(
                    try Fixture.stored(images: [.init(entry: Fixture.entry(expires: "2026-06-15T11:00:00Z"))])
                )
            }
        ),
        (
            "ImageDenied: image \(Fixture.image): kernel hole (/etc/bivouac/deny.d/a.toml)",
            {
                $0.site.denials = [
                    Denial(
                        file: "/etc/bivouac/deny.d/a.toml", identifiers: [Fixture.image],
                        reason: "kernel hole")
                ]
            }
        ),
        (
            "ThresholdNotMet: 1 of 2 endorsers name the SHA-512 of 'demo/minimal': eve",
            { $0.changeRule { $0.threshold = 2 } }
        ),
    ]

    @Test("in one line that begins with its name", arguments: cases.indices)
    func line(index: Int) throws {
        let (line, change) = Self.cases[index]
        var fixture = try Fixture()
        try change(&fixture)
        let refusal = #expect(throws: Refusal.self) {
            try Policy.admit(fixture.job, site: fixture.site, lists: fixture.lists, at: fixture.now)
        }
        #expect(refusal?.description == line)
    }
}
