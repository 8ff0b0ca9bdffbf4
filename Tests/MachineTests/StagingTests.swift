import Foundation
import Testing
import Unix

@Suite("A job's working directory goes into its machine and back", .needsCluster, .boots)
struct StagingTests {
    /// Runs a body with a directory of the cluster's usual account.
    private func withDirectory(_ body: (String) async throws -> Void) async throws {
        let account = try await Cluster.ready().user
        let directory = "/var/tmp/bivouac-test-\(UUID().uuidString.prefix(8))"
        try Files.makeDirectory(directory, mode: 0o755)
        try Files.changeOwner(directory, uid: account.uid, gid: account.gid)
        // Names that are no UTF-8 are among them.
        let remove = ["/bin/rm", "-r", directory]
        do { try await body(directory) } catch {
            _ = try? await Command.run(remove)
            throw error
        }
        _ = try await Command.run(remove)
    }

    @discardableResult
    private func sh(_ line: String, in directory: String) async throws -> String {
        let account = try await Cluster.ready().user
        let words = Command.words(["/bin/bash", "-c", line], as: account, directory: directory)
        let outcome = try await Command.run(words)
        guard outcome.succeeded else { throw CommandFailure(words: words, outcome: outcome) }
        return outcome.text
    }

    @Test("whole, with modes, times, links, holes and odd names, and what the job made of it is there after")
    func roundTrip() async throws {
        try await withDirectory { directory in
            try await sh(
                #"""
                printf in >data; chmod 0640 data; touch -d 2001-02-03 data; ln -s . loop; truncate -s 3G hole
                mkdir -p sub/deep; printf old >sub/deep/file; printf 1 >"$(printf 'new\nline')"; mkfifo pipe
                printf 2 >"$(printf 'not\377utf8')"; : >lost; mkdir -m 0700 private; printf 3 >private/x
                """#, in: directory)
            let before = try await sh(
                "find . -printf '%P|%y|%m|%s|%l\\n' | grep -v pipe | sort | md5sum", in: directory)
            let (job, state) = try await Submission(
                #"""
                # TMPDIR has the room that the features promise, to some MiB.
                room=$(df -kP "$TMPDIR" | awk 'NR == 2 { print $4 }')
                less=$((room - $(cat "$JOBFEATURES/scratch_limit_bytes") / 1024))
                [ $less -gt -16384 ] && [ $less -lt 16384 ] && : >"$TMPDIR/mine" && echo room
                cat data; stat -c ' %a %U %Y' data; stat -c '%s %b' hole; cat sub/deep/file; echo
                find . | wc -l
                printf out >result; chmod 0750 result; touch -d '2003-04-05 06:07:08' result
                ln -s result away; mkdir new; printf more >>sub/deep/file
                printf x | dd of=sparse bs=1 seek=1000000000 2>/dev/null
                printf 4 >"$(printf 'new\nline')"; rm lost
                """#, ["--chdir=" + directory]
            ).run()
            #expect(state.word == "COMPLETED", "\(job.errors)")
            #expect(job.errors == "")
            let user = try await Cluster.ready().user.name
            let moment = try await sh("stat -c %Y data", in: directory)
            #expect(job.text == "room\nin 640 \(user) \(moment)3221225472 0\nold\n13\n")
            let after = try await sh(
                "cat result; stat -c ' %a %U %y' result | cut -d. -f1; readlink away; cat sub/deep/file; echo; "
                    + "stat -c '%s' sparse; [ $(stat -c %b sparse) -lt 100 ] && tail -c 1 sparse; cat new*line; ls -d lost new",
                in: directory)
            #expect(
                after == "out 750 \(user) 2003-04-05 06:07:08\nresult\noldmore\n1000000001\nx4lost\nnew\n",
                "\(after)")
            // What the job did not touch is what it was.
            try await sh(
                "rm -r result away sparse new; printf old >sub/deep/file; printf 1 >\"$(printf 'new\\nline')\"",
                in: directory)
            let again = try await sh(
                "find . -printf '%P|%y|%m|%s|%l\\n' | grep -v pipe | sort | md5sum", in: directory)
            #expect(before == again)
        }
    }

    @Test("or the parts of it that the job's comment names, and removals if it says so")
    func words() async throws {
        try await withDirectory { directory in
            try await sh("mkdir in; : >in/a; : >in/b; : >other", in: directory)
            let options = ["--chdir=" + directory, "--comment=stage=in stage=out/put stage_delete=yes"]
            try await sh("mkdir out", in: directory)
            let (job, state) = try await Submission(
                "find . | sort; rm in/a; mkdir -p out/put; : >out/put/c; : >out/stays; : >stays", options
            ).run()
            #expect(state.word == "COMPLETED", "\(job.errors)")
            #expect(job.text == ".\n./in\n./in/a\n./in/b\n./out\n")
            #expect(
                try await sh("find . | sort", in: directory)
                    == ".\n./in\n./in/b\n./other\n./out\n./out/put\n./out/put/c\n")
        }
    }

    @Test("unless it holds more than workdir_limit or the machine's disk, which is said with what to do")
    func tooLarge() async throws {
        try await withDirectory { directory in
            try await sh("head -c 2M /dev/urandom >big", in: directory)
            let small = try await Submission("echo ran", ["--chdir=" + directory], partition: "vmsmall").run()
            #expect(small.1.exitCode == 78)
            #expect(small.0.text == "")
            #expect(
                small.0.errors.contains("workdir_limit = \"1 MiB\" of queue vmsmall"), "\(small.0.errors)")
            try await sh("fallocate -l 700M big", in: directory)
            let large = try await Submission("echo ran", ["--chdir=" + directory]).run()
            #expect(large.1.exitCode == 69)
            #expect(large.0.text == "")
            #expect(large.0.errors.contains("the machine's disk has no room"), "\(large.0.errors)")
        }
    }
}
