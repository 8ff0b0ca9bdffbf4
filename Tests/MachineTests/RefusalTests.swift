import Foundation
import Job
import Site
import Testing
import Unix

@Suite(
    "A job that may not boot its image fails with the refusal's name, and the node is not blamed",
    .needsCluster, .boots)
struct RefusalTests {
    /// Runs a job that must be refused: exit status 78, one line on its stderr with the name and these words.
    private func expect(
        _ name: Refusal.Name, naming words: [String], _ submission: Submission,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let marker = Marker("refused")
        defer { marker.remove() }
        var submission = submission
        submission.script = Array("#!/bin/sh\n\(marker.command)\n".utf8)
        let (job, state) = try await submission.run()
        #expect(state.word == "FAILED", sourceLocation: sourceLocation)
        #expect(state.exitCode == 78, sourceLocation: sourceLocation)
        #expect(job.complaints.count == 1, "\(job.errors)", sourceLocation: sourceLocation)
        let line = job.complaints.first ?? ""
        #expect(line.hasPrefix("bivouac: \(name.rawValue): "), sourceLocation: sourceLocation)
        for word in words { #expect(line.contains(word), sourceLocation: sourceLocation) }
        #expect(job.text == "", sourceLocation: sourceLocation)
        #expect(!marker.isOnHost, sourceLocation: sourceLocation)
        #expect(try await Node.reason() == "", sourceLocation: sourceLocation)
    }

    private func job(_ options: String..., partition: String = "vm") -> Submission {
        Submission("", options, partition: partition)
    }

    @Test("NoImageNamed: neither the job nor its queue names an image")
    func noImageNamed() async throws {
        try await expect(.NoImageNamed, naming: ["vmnone", "image=LIST/ALIAS"], job(partition: "vmnone"))
    }

    @Test("AmbiguousImage: the job names two images")
    func ambiguousImage() async throws {
        let comment = "--comment=image=demo/minimal image=demo/other"
        try await expect(.AmbiguousImage, naming: ["demo/minimal", "demo/other"], job(comment))
    }

    @Test(
        "BadImageName: what the job names cannot be an image",
        arguments: ["../../etc/passwd", "demo", "demo/$(id)"])
    func badImageName(text: String) async throws {
        try await expect(.BadImageName, naming: [text], job("--comment=image=" + text))
    }

    @Test(
        "UnknownImage: an alias or identifier that is in no list",
        arguments: ["demo/nosuch", "nosuch/minimal"])
    func unknownImage(name: String) async throws {
        try await expect(.UnknownImage, naming: [name], job("--comment=image=" + name))
    }

    @Test("QueueNotAllowed: the queue does not allow the list")
    func queueNotAllowed() async throws {
        try await expect(
            .QueueNotAllowed, naming: ["demo/minimal", "vmallow"],
            job("--comment=image=demo/minimal", partition: "vmallow"))
    }

    @Test("ClassNotAllowed: the queue does not allow the list's class")
    func classNotAllowed() async throws {
        try await expect(.ClassNotAllowed, naming: ["class 2", "vmclass"], job(partition: "vmclass"))
    }

    @Test("UserNotAllowed: the queue is for other users, or another group", arguments: ["vmuser", "vmgroup"])
    func userNotAllowed(partition: String) async throws {
        try await expect(
            .UserNotAllowed, naming: [Cluster.name, partition], Submission("", partition: partition))
    }

    @Test("UserNotAllowed: the list is for other users")
    func listNotForUser() async throws {
        let list = TestList("people")
        try list.makeFile()
        try await list.publish([], "users = [\"nobody\"]")
        try await expect(
            .UserNotAllowed, naming: [Cluster.name, "people"], job(list.option, partition: "vmlists"))
    }

    @Test("RootJob: the job is root's")
    func rootJob() async throws {
        var submission = job()
        submission.asRoot = true
        try await expect(.RootJob, naming: ["root"], submission)
    }

    @Test("NotEnoughMemory: the grant is less than a machine needs")
    func notEnoughMemory() async throws {
        try await expect(.NotEnoughMemory, naming: ["MiB"], job("--mem=16M"))
    }

    @Test("BadStageName: the job names something that is no path to stage")
    func badStageName() async throws {
        try await expect(.BadStageName, naming: ["../up"], job("--comment=stage=../up"))
    }

    @Test("ImageDenied: a file of deny.d names the image")
    func imageDenied() async throws {
        let list = TestList("denied")
        try list.makeFile()
        try await list.publish()
        let text = "identifier = [\"\(list.image)\"]\nreason = \"withdrawn by the test\"\n"
        try Files.write(text, to: "\(Cluster.places.denials)/bivouac-test.toml", mode: 0o644)
        try await expect(
            .ImageDenied, naming: ["withdrawn by the test", "bivouac-test.toml"],
            job(list.option, partition: "vmlists"))
    }

    /// Publishes a list while it is good, and waits until what the option names is over.
    private func publish(_ list: TestList, until option: String) async throws {
        for seconds in [8.0, 90] {
            let end = Date.now.addingTimeInterval(seconds)
            do {
                try await list.publish([option, end.formatted(.iso8601)])
            } catch {
                // Where this machine was too slow.
                guard seconds < 90, end < .now else { throw error }
                continue
            }
            try await Task.sleep(until: .now + .seconds(max(0, end.timeIntervalSinceNow) + 1))
            return
        }
    }

    @Test("StaleList: the list was good when it was accepted and is not any more")
    func staleList() async throws {
        let list = TestList("expired")
        try list.makeFile()
        try await publish(list, until: "--expires")
        try await expect(.StaleList, naming: ["expired"], job(list.option, partition: "vmlists"))
    }

    @Test("ImageExpired: the image is past its own end")
    func imageExpired() async throws {
        let list = TestList("oldimage")
        try list.makeFile()
        try await publish(list, until: "--image-expires")
        try await expect(.ImageExpired, naming: [list.image], job(list.option, partition: "vmlists"))
    }

    @Test("ThresholdNotMet: fewer endorsers name the image than the site wants")
    func thresholdNotMet() async throws {
        let list = TestList("threshold")
        try list.makeFile()
        try await list.publish([], "threshold = 2")
        try await expect(.ThresholdNotMet, naming: ["2"], job(list.option, partition: "vmlists"))
    }

    @Test("ImageUnavailable: the file is not where the list says")
    func imageUnavailable() async throws {
        let list = TestList("missing")
        try list.makeFile()
        try await list.publish()
        try Files.remove(list.file)
        try await expect(.ImageUnavailable, naming: [list.file], job(list.option, partition: "vmlists"))
    }

    @Test("ChecksumMismatch: the file is not the one that was endorsed")
    func checksumMismatch() async throws {
        let list = TestList("forged")
        try list.makeFile()
        try await list.publish()
        var bytes = try Files.read(list.file, limit: 1 << 20)
        bytes[4711] ^= 1
        try Files.write(bytes, to: list.file, mode: 0o644)
        try await expect(.ChecksumMismatch, naming: ["SHA-512"], job(list.option, partition: "vmlists"))
    }

    @Test("SizeMismatch: the file is shorter than the list says; TooLarge: it is longer")
    func sizeMismatch() async throws {
        let list = TestList("longer")
        try list.makeFile()
        try await list.publish()
        try list.makeFile(1 << 20)
        try await expect(.TooLarge, naming: ["65536"], job(list.option, partition: "vmlists"))
        try list.makeFile(4096)
        try await expect(.SizeMismatch, naming: ["65536"], job(list.option, partition: "vmlists"))
    }

    @Test("CertRevoked: the endorser's certificate was revoked after the list was accepted")
    func certificateRevoked() async throws {
        let list = TestList("revoked")
        try list.makeFile()
        try await list.issue("mallory", "Mallory Endorser")
        try await list.sign(by: "mallory")
        try list.subscribe(endorsers: ["mallory"])
        #expect(try await list.refresh().succeeded)
        try await list.revoke("mallory")
        try await expect(.CertRevoked, naming: ["revoked"], job(list.option, partition: "vmlists"))
        // Nothing of the kind came over the others.
        let outcome = try await Cluster.bivouac("list", "refresh", "demo")
        #expect(outcome.succeeded, "\(outcome.errors)")
    }
}

@Suite("A list that is not what it says it is brings no image", .needsCluster, .boots)
struct UntrustedListTests {
    /// The refresh is refused by this name, and a job that names the list's image does not boot.
    private func expectRefused(_ list: TestList, _ name: Refusal.Name) async throws {
        let outcome = try await list.refresh()
        #expect(outcome.status == 65)
        #expect((outcome.errors + outcome.text).contains(name.rawValue), "\(outcome.errors)")
        let marker = Marker("untrusted")
        let (job, state) = try await Submission(marker.command, [list.option], partition: "vmlists").run()
        #expect(state.exitCode == 78)
        #expect(job.complaints.count == 1)
        #expect(job.errors.contains(list.name))
        #expect(!marker.isOnHost)
    }

    @Test("DigestMismatch: a byte of the signed list was changed")
    func changedByte() async throws {
        let list = TestList("changed")
        try list.makeFile()
        try await list.sign()
        let text = try TestSite.read(list.published).replacingOccurrences(
            of: "A test image", with: "A best image")
        try Files.write(text, to: list.published, mode: 0o644)
        try list.subscribe()
        try await expectRefused(list, .DigestMismatch)
    }

    @Test("ListExpired: the list is past its end when it comes")
    func expired() async throws {
        let list = TestList("late")
        try list.makeFile()
        try await list.sign(
            by: "eve", ["--created", "2020-01-01T00:00:00Z", "--expires", "2020-02-01T00:00:00Z"])
        try list.subscribe()
        try await expectRefused(list, .ListExpired)
    }

    @Test("EndorserNotAuthorised: somebody signed it who may not")
    func stranger() async throws {
        let list = TestList("stranger")
        try list.makeFile()
        try await list.issue("trudy", "Trudy Stranger", authorised: false)
        try await list.sign(by: "trudy")
        try list.subscribe()
        try await expectRefused(list, .EndorserNotAuthorised)
    }
}

@Suite("What one machine cannot be is turned away", .needsCluster, .boots)
struct UnsupportedJobTests {
    @Test("sbatch turns away more than one node, and other things that a machine is not, with one clear line")
    func atSubmission() async throws {
        for (options, word) in [
            (["--nodes=2"], "one node"), (["--nodelist=a,b"], "one node"),
            (["--container=/tmp"], "container"),
        ] {
            let refusal = try await Submission("", options).refused()
            #expect(!refusal.succeeded)
            #expect(refusal.errors.contains("bivouac: "))
            #expect(refusal.errors.contains(word), "\(refusal.errors)")
        }
        let mixed = try await Submission("", partition: "vm,normal").refused()
        #expect(mixed.errors.contains("mix virtual machines with others"))
    }
}
