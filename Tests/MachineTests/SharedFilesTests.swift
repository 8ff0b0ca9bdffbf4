import Foundation
import GuestProtocol
import Testing
import Unix

@Suite("A machine that sees its host's files", .needsCluster)
struct SharedFilesTests {
    private static let disk = ["--comment=user_disk=yes"]

    @Test(
        "a script works in its own directory, as its user; sees what the site exports; and keeps a disk",
        .boots)
    func live() async throws {
        let cluster = try await Cluster.ready()
        // What an earlier run has left on a cluster that was kept.
        for account in [cluster.user, cluster.stranger] {
            _ = try await Cluster.bivouac("disk", "remove", account.name)
        }
        // Where a link leads is where the script finds itself, and it may know the other name.
        let link = "\(Cluster.directory)/jobs/bivouac-test-link-\(UUID().uuidString.prefix(8))"
        let submission = Submission(
            """
            pwd -P
            cd \(link) && pwd
            echo made >made && chmod 640 made && mkdir dir && ln -s made dir/link
            echo "export: $(cat \(TestSite.exported)/file)"
            echo more >>\(TestSite.exported)/file || echo "not appended"
            touch \(TestSite.exported)/new || echo "not made"
            echo "$USER_DISK: $(ls "$USER_DISK")"
            echo kept >"$USER_DISK/kept"
            echo ready
            until [ -e go ]; do sleep 0.2; done
            cat go
            """, Self.disk + ["--chdir=\(link)"], partition: "vmlive")
        let job = try await submission.submit(linking: link)
        defer { try? FileManager.default.removeItem(atPath: link) }
        try await job.says("ready")

        // The second job of the same user does not get the disk, another user's gets one of his own.
        let second = try await Submission("echo never", Self.disk, partition: "vmlive").run()
        #expect(second.1.exitCode == 78)
        #expect(
            second.0.complaints.first?.hasPrefix("bivouac: UserDiskInUse: ") == true, "\(second.0.errors)")

        // The host's doings are seen at once.
        try Files.write("from the host\n", to: job.directory + "/go", mode: 0o644)
        let state = try await job.ended()
        #expect(state.word == "COMPLETED", "\(state) \(job.errors)")
        #expect(
            job.lines == [
                job.directory, link, "export: exported", "not appended", "not made", "/user-disk: lost+found",
                "ready", "from the host",
            ], "\(job.text) \(job.errors)")
        let made = try #require(try Files.status(job.directory + "/made"))
        #expect(made.uid == cluster.user.uid && made.gid == cluster.user.gid && made.mode == 0o640)
        #expect(job.bytes("made") == Array("made\n".utf8))
        #expect(
            try FileManager.default.destinationOfSymbolicLink(atPath: job.directory + "/dir/link") == "made")
        #expect(Leftovers.names(TestSite.exported) == ["file"])

        // What was written is on the disk of this user's next job, and on nobody else's.
        let script = "cat \"$USER_DISK\"/* 2>/dev/null; touch \"$USER_DISK/x\" && id -u; exit 0"
        let (next, _) = try await Submission(script, Self.disk, partition: "vmlive").run()
        #expect(next.lines == ["kept", "\(cluster.user.uid)"], "\(next.text) \(next.errors)")
        var stranger = Submission(script, Self.disk, partition: "vmlive")
        stranger.user = cluster.stranger
        let (other, _) = try await stranger.run()
        #expect(other.lines == ["\(cluster.stranger.uid)"], "\(other.text) \(other.errors)")
    }

    @Test(
        "root of the guest can do on the host what its user can, as nobody else, and not write to exports",
        .alone)
    func hostile() async throws {
        let cluster = try await Cluster.ready()
        let (user, stranger) = (cluster.user, cluster.stranger)
        let script =
            """
            #!/bin/sh
            mkdir -p /x /y
            mount -t virtiofs share0 /y
            mount -t virtiofs share1 /x
            echo "me:x:\(user.uid):\(user.gid)::/:/bin/sh" >>/etc/passwd
            echo "them:x:\(stranger.uid):\(stranger.gid)::/:/bin/sh" >>/etc/passwd
            try() { what=$1; shift; if "$@" >/dev/null 2>&1; then echo "yes $what"; else echo "no $what"; fi; }
            {
                try "make as root" touch /x/root
                try "make as another" su them -c 'touch /x/open/theirs'
                try "give away" chown \(stranger.uid) /x/own
                try "give to root" chown 0 /x/own
                try "make a device" mknod /x/device c 1 3
                try "read another's" cat /x/secret
                try "write another's" sh -c 'echo x >>/x/readable'
                try "open another's to all" chmod 666 /x/secret
                try "read what is above" cat /x/../secret /x/../../script
                try "write the export" sh -c 'echo x >>/y/file'
                try "add to the export" touch /y/new
                try "remove from the export" rm /y/file
                try "remount the export" sh -c 'mount -o remount,rw /y && touch /y/new'
                try "read the user's" cat /x/own
                try "make as the user" su me -c 'echo mine >/x/mine'
            } >/report
            su me -c 'cat /report >/x/report'

            """ + HostileAgent.script(control: HostileAgent.ready, payload: [0xEE, 1, 0, 0, 0, 0])
        try await TestSite.changing(Cluster.programs + "/bivouac-guest") { _ in
            script
        } during: {
            let job = try await Submission("echo never", ["--hold"], partition: "vmlive").submit()
            for (name, owner, mode) in [
                ("own", user, 0o600), ("secret", stranger, 0o600), ("readable", stranger, 0o644),
            ] {
                try Files.write("\(name)\n", to: "\(job.directory)/\(name)", mode: UInt32(mode))
                try Files.changeOwner("\(job.directory)/\(name)", uid: owner.uid, gid: owner.gid)
            }
            try Files.makeDirectory(job.directory + "/open", mode: 0o777)
            try await job.control("release")
            try await job.ended()
            let report = String(decoding: job.bytes("report"), as: UTF8.self).split(separator: "\n")
            #expect(report.count == 15, "\(report) \(job.errors)")
            #expect(
                report.filter { !$0.hasPrefix("no ") } == ["yes read the user's", "yes make as the user"])
            let mine = try #require(try Files.status(job.directory + "/mine"))
            #expect(mine.uid == user.uid && mine.gid == user.gid)
            #expect(try Files.status(job.directory + "/own")?.uid == user.uid)
            #expect(try Files.status(job.directory + "/secret")?.mode == 0o600)
            #expect(job.bytes("readable") == Array("readable\n".utf8))
            #expect(Leftovers.names(job.directory + "/open") == [])
            #expect(Leftovers.names(TestSite.exported) == ["file"])
        }
    }
}
