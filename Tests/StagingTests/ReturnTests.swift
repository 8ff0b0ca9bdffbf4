import Foundation
import GuestProtocol
import Staging
import Testing
import Unix

@Suite("What changed comes back, and nothing else")
struct ReturnTests {
    private static let start =
        "mkdir -p d/e; for i in 1 2 3 4 5 6; do printf old$i >$i; done; printf old >d/e/7; ln -s 1 link"

    @Test("nothing, if nothing changed")
    func nothing() throws {
        try withTrees(2) { trees in
            try trees[0].sh(Self.start)
            let known = try send(trees[0], trees[1])
            try trees[0].sh("printf mine >1; rm 2; chmod 0700 d")
            let before = try trees[0].listing()
            let (complaints, content) = try bringBack(trees[1], trees[0], since: known)
            #expect(complaints.count == 0)
            #expect(content == 0)
            #expect(try trees[0].listing() == before)
        }
    }

    @Test("content, modes, times, links, new files and directories")
    func changes() throws {
        try withTrees(2) { trees in
            try trees[0].sh(Self.start)
            let known = try send(trees[0], trees[1])
            try trees[1].sh(
                "printf new >1; chmod 0600 2; touch -d 2001-01-01 3; ln -sf 2 link; mv 4 d/four; mkdir -p n/m; printf x >n/m/o; "
                    + "truncate -s 10M 5; printf more >>d/e/7; mkdir void; chmod 0750 d")
            let (complaints, content) = try bringBack(trees[1], trees[0], since: known)
            #expect(complaints.lines == [])
            #expect(content < 10_000)
            // What was removed there, by moving it, is still here.
            try trees[0].sh("rm 4")
            #expect(try trees[0].equals(trees[1]))
            #expect(try trees[0].leftovers() == "")
        }
    }

    @Test("a change of the same length in the same moment, with the old time put back")
    func hidden() throws {
        try withTrees(2) { trees in
            try trees[0].sh(Self.start)
            let known = try send(trees[0], trees[1])
            try trees[1].sh("printf NEW1 >1; touch -r ../tree0/1 1")
            try bringBack(trees[1], trees[0], since: known)
            #expect(try trees[0].text("1") == "NEW1")
        }
    }

    @Test("all of a directory that was moved, though nothing in it changed")
    func moved() throws {
        try withTrees(2) { trees in
            try trees[0].sh(Self.start + "; mkdir a; printf x >a/same; ln -s same a/link")
            let known = try send(trees[0], trees[1])
            try trees[1].sh("mv d/e d/elsewhere; mkdir n; mv a n/b; mkdir a")
            let (complaints, _) = try bringBack(trees[1], trees[0], since: known)
            #expect(complaints.lines == [])
            #expect(try trees[0].text("d/elsewhere/7") == "old")
            #expect(try trees[0].text("n/b/same") == "x")
            #expect(try trees[0].sh("readlink n/b/link") == "same\n")
        }
    }

    @Test("removals stay in the machine unless they were asked for, and then reach no more than was sent")
    func removals() throws {
        for asked in [false, true] {
            try withTrees(2) { trees in
                try trees[0].sh(Self.start + "; mkdir -p gone/sub; : >gone/sub/a; : >gone/b")
                let sent = asked ? SentTree(places: 1) : nil
                let known = try send(trees[0], trees[1], sent: sent)
                try trees[0].sh(": >gone/mine")
                try trees[1].sh("rm -r 1 d gone")
                let (complaints, _) = try bringBack(trees[1], trees[0], since: known, sent: sent)
                let left = try trees[0].sh("find . -mindepth 1 | sort | tr '\\n' ' '")
                if asked {
                    #expect(left == "./2 ./3 ./4 ./5 ./6 ./gone ./gone/mine ./link ")
                    #expect(complaints.lines == ["gone: Directory not empty"])
                } else {
                    #expect(
                        left
                            == "./1 ./2 ./3 ./4 ./5 ./6 ./d ./d/e ./d/e/7 ./gone ./gone/b ./gone/mine ./gone/sub "
                            + "./gone/sub/a ./link ")
                    #expect(complaints.count == 0)
                }
            }
        }
    }

    @Test("a group's directory stays one, and a file its group's", .enabled(if: geteuid() == 0, "needs root"))
    func groups() throws {
        try withTrees(2) { trees in
            try trees[0].sh("mkdir g; printf x >g/f; chgrp -R 4711 g; chmod 2775 g; chmod 0664 g/f")
            let known = try send(trees[0], trees[1])
            try trees[1].sh("printf y >>g/f; printf z >g/new")
            try bringBack(trees[1], trees[0], since: known)
            #expect(try trees[0].sh("stat -c '%a %g' g g/f g/new") == "2775 4711\n664 4711\n644 4711\n")
        }
    }

    @Test("up to the limit, past which nothing is written and everything that was there is there")
    func limit() throws {
        try withTrees(2) { trees in
            try trees[0].sh(Self.start)
            let known = try send(trees[0], trees[1])
            try trees[1].sh(
                "head -c 5000000 /dev/urandom >big; printf new >1; head -c 5000000 /dev/urandom >2")
            var sender = TreeSender([try trees[1].place()], since: known)
            var receiver = TreeReceiver(.returned, into: [try trees[0].place()], .aside, limit: 1_000_000)
            try carry(&sender, &receiver)
            #expect(receiver.stop == .limit)
            #expect(try trees[0].leftovers() == "")
            #expect(try trees[0].text("2") == "old2")
            #expect(["old1", "new"].contains(try trees[0].text("1")))
            #expect(!Files.exists(trees[0].path + "/big"))
        }
    }

    @Test("and an interruption anywhere leaves each file whole, old or new, and nothing of ours")
    func interrupted() throws {
        try withTrees(2) { trees in
            try trees[0].sh("for i in {1..20}; do head -c 5000 /dev/zero | tr '\\0' o >$i; done")
            let known = try send(trees[0], trees[1])
            try trees[1].sh("for i in {1..20}; do head -c 70000 /dev/zero | tr '\\0' n >$i; done")
            for frames in stride(from: 0, to: 60, by: 3) {
                do {
                    var sender = TreeSender([try trees[1].place()], since: known)
                    var receiver = TreeReceiver(.returned, into: [try trees[0].place()], .aside)
                    var bytes = [UInt8](repeating: 0, count: FrameHeader.longestBody)
                    for _ in 0..<frames {
                        let count = sender.fill(&bytes, bytes.indices)
                        try receiver.take(bytes, 0..<count)
                    }
                }
                #expect(try trees[0].leftovers() == "")
                let kinds = try trees[0].sh(
                    "for i in *; do stat -c %s $i; tr -d '\\n' <$i | fold -w1 | head -c 1; echo; done")
                #expect(
                    Set(kinds.split(separator: "\n").map(String.init)).isSubset(of: [
                        "5000", "70000", "o", "n",
                    ]))
                try trees[0].sh("for i in {1..20}; do head -c 5000 /dev/zero | tr '\\0' o >$i; done")
            }
        }
    }
}
