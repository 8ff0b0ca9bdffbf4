import Foundation
import GuestProtocol
import Staging
import Testing
import Unix

@Suite("A directory arrives as it is")
struct TransferTests {
    @Test(
        "with modes, times, links, odd names and content, whatever the size of frames",
        arguments: [6000, 9999, FrameHeader.longestBody])
    func everything(room: Int) throws {
        try withTrees(2) { trees in
            try trees[0].sh(
                #"""
                mkdir -p a/b/c empty closed; printf x >a/b/c/deep; : >none; head -c 100000 /dev/urandom >long
                printf 1 >"$(printf 'new\nline')"; printf 2 >"$(printf 'not\377utf8')"; printf 3 >"-rf *"
                printf 4 >"$(printf 'n%.0s' $(seq 255))"; chmod 0640 long; chmod 0751 a; printf 5 >closed/in
                chmod 0500 closed; touch -d '2001-02-03 04:05:06.789012345' none; touch -d '1965-01-01' long
                ln -s nowhere/at/all dangling; ln -s . loop; ln -s ../../etc/passwd away
                touch -h -d '2002-03-04 05:06:07' dangling loop away; printf r >readonly; chmod 0444 readonly
                """#)
            var sender = TreeSender([try trees[0].place()])
            var receiver = TreeReceiver(.sent, into: [try trees[1].place()], .new)
            try carry(&sender, &receiver, room: room)
            #expect(receiver.complaints.lines == [])
            #expect(try trees[0].listing() == trees[1].listing())
            #expect(try trees[0].equals(trees[1]))
            try trees[0].sh("chmod -R u+w .; chmod -R u+w ../tree1")
        }
    }

    @Test("with the times of its directories")
    func directoryTimes() throws {
        try withTrees(2) { trees in
            try trees[0].sh("mkdir -p a/b; : >a/b/x; touch -d 2003-04-05 a/b a .")
            try send(trees[0], trees[1])
            let times = "find . -printf '%P %T@\\n' | sort"
            #expect(try trees[0].sh(times) == trees[1].sh(times))
        }
    }

    @Test("with 10,000 files in it")
    func many() throws {
        try withTrees(2) { trees in
            try trees[0].sh("for i in {1..10000}; do printf '%s' \"$i\" >$i; done")
            try send(trees[0], trees[1])
            #expect(try trees[0].equals(trees[1]))
        }
    }

    @Test(
        "with a file of 1 GiB",
        .enabled(if: ProcessInfo.processInfo.environment["BIVOUAC_TEST_LONG"] != nil, "needs --long"))
    func large() throws {
        try withTrees(2) { trees in
            try trees[0].sh("head -c 1G /dev/urandom >large")
            try send(trees[0], trees[1])
            #expect(try trees[0].equals(trees[1]))
        }
    }

    @Test("with its holes, which take no room and no time")
    func sparse() throws {
        try withTrees(2) { trees in
            try trees[0].sh(
                "truncate -s 200G all; truncate -s 5G some; printf end >>some; printf x | dd of=some bs=1 seek=70000 "
                    + "conv=notrunc 2>/dev/null; truncate -s +1M some")
            var sender = TreeSender([try trees[0].place()])
            var receiver = TreeReceiver(.sent, into: [try trees[1].place()], .new)
            try carry(&sender, &receiver)
            #expect(sender.content < 1 << 20)
            #expect(try trees[0].listing() == trees[1].listing())
            #expect(try trees[1].sh("tail -c +5368709121 some | head -c 3") == "end")
            #expect(try trees[1].sh("tail -c +70001 some | head -c 1") == "x")
            #expect(
                try Int(trees[1].sh("du -sk . | cut -f1").trimmingCharacters(in: .whitespacesAndNewlines))
                    ?? .max < 1024)
        }
    }

    @Test("with a path that is longer than any one call takes")
    func longPath() throws {
        try withTrees(2) { trees in
            try trees[0].sh(
                "n=$(printf 'd%.0s' {1..250}); for i in {1..30}; do mkdir $n; cd -P $n 2>/dev/null || cd $n; done; : >bottom"
            )
            try send(trees[0], trees[1])
            #expect(try trees[1].sh("find . | wc -l") == "32\n")
            try trees[1].sh("find . -name bottom | grep -q .")
        }
    }

    @Test("but for what lies too deep, which is told")
    func tooDeep() throws {
        try withTrees(2) { trees in
            try trees[0].sh("for i in {1..210}; do mkdir d; cd d; done")
            var sender = TreeSender([try trees[0].place()])
            var receiver = TreeReceiver(.sent, into: [try trees[1].place()], .new)
            try carry(&sender, &receiver)
            #expect(sender.complaints.count == 1)
            #expect(
                sender.complaints.lines.first?.hasSuffix("more than 200 directories in each other") == true)
            #expect(receiver.complaints.count == 0)
        }
    }

    @Test(
        "but for pipes, sockets and devices, which nobody waits for", .timeLimit(.minutes(15)),
        .enabled(if: geteuid() == 0, "needs root"))
    func special() throws {
        try withTrees(2) { trees in
            try trees[0].sh("mkfifo pipe; mknod null c 1 3; printf x >file; python3 -c 1 2>/dev/null; true")
            try send(trees[0], trees[1])
            #expect(try trees[1].sh("ls") == "file\n")
        }
    }

    @Test("but for files that cannot be read, which are told", .enabled(if: geteuid() == 0, "needs root"))
    func unreadable() throws {
        try withTrees(2) { trees in
            try trees[0].sh(
                "printf x >a; printf y >b; chmod 0 a; mkdir c; chmod 0 c; chmod 755 .; chmod 755 ..")
            try trees[1].sh("chmod 777 .")
            var sender = TreeSender([try trees[0].place()])
            var receiver = TreeReceiver(.sent, into: [try trees[1].place()], .new)
            // A string cannot be thrown out of there.
            let outcome = FileSystemIdentity.with(Identity(uid: 23_456, gid: 23_456, groups: [])) {
                Result { try carry(&sender, &receiver) }
            }
            try outcome.get()
            #expect(sender.complaints.lines.sorted() == ["a: Permission denied", "c: Permission denied"])
            #expect(try trees[1].sh("ls -l | grep -c 23456; ls") == "1\nb\n")
        }
    }

    @Test("as far as its files are there when they are read")
    func changing() throws {
        try withTrees(2) { trees in
            try trees[0].sh(
                "head -c 300000 /dev/zero | tr '\\0' x >shrinks; head -c 300000 /dev/zero | tr '\\0' y >grows"
            )
            var sender = TreeSender([try trees[0].place()])
            var receiver = TreeReceiver(.sent, into: [try trees[1].place()], .new)
            var bytes = [UInt8](repeating: 0, count: 32_000)
            for _ in 0..<3 {
                let count = sender.fill(&bytes, bytes.indices)
                try receiver.take(bytes, 0..<count)
            }
            try trees[0].sh("truncate -s 40000 shrinks; head -c 300000 /dev/zero >>grows")
            try carry(&sender, &receiver)
            #expect(receiver.complaints.count == 0)
            let sizes = try trees[1].sh("stat -c %s grows shrinks").split(separator: "\n").compactMap {
                Int($0)
            }
            // Whichever is read first, part of the other was still whole.
            #expect(sizes.count == 2 && [300_000, 600_000].contains(sizes[0]) && sizes[1] < 300_001)
            #expect(try trees[1].sh("tr -d x <shrinks | wc -c") == "0\n")
        }
    }

    @Test("or the names in it that were chosen")
    func chosen() throws {
        try withTrees(2) { trees in
            try trees[0].sh("mkdir in; : >in/1; : >2; : >3; mkdir other")
            var sender = TreeSender([try trees[0].place(["in", "3", "missing"])])
            var receiver = TreeReceiver(.sent, into: [try trees[1].place(["in", "3", "missing"])], .new)
            try carry(&sender, &receiver)
            #expect(try trees[1].sh("find . -mindepth 1 | sort") == "./3\n./in\n./in/1\n")
            #expect(receiver.complaints.count == 0)
        }
    }

    @Test("and its size is known before")
    func measured() throws {
        try withTrees(1) { trees in
            try trees[0].sh(
                "head -c 70000 /dev/urandom >a; mkdir b; head -c 5000 /dev/urandom >b/c; truncate -s 1G d; ln -s a e"
            )
            #expect(TreeSender.measure([try trees[0].place()]) == 75_000)
            let status = try #require(try Files.status(trees[0].path + "/a"))
            #expect(TreeSender.measure([try trees[0].place()], leavingOut: [FileKey(status)]) == 5000)
        }
    }
}
