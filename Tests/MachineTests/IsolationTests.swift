import Foundation
import Site
import Testing
import Unix

@Suite("A machine's process is alone with what is its own", .needsCluster, .boots)
struct IsolationTests {
    /// Tries to read, write, connect to or signal each thing, prints what it could.
    private static let probe = #"""
        for my $try (@ARGV) {
            my ($what, $thing) = split /:/, $try, 2; my $could = 0;
            if ($what eq "read") { $could = open(my $f, "<", $thing) && defined(read($f, my $b, 1)) }
            elsif ($what eq "write") { $could = open(my $f, "+<", $thing) }
            elsif ($what eq "list") { $could = opendir(my $d, $thing) }
            elsif ($what eq "signal") { $could = kill(0, $thing) }
            else { socket(my $s, AF_UNIX, SOCK_STREAM, 0); $could = connect($s, pack_sockaddr_un($thing)) }
            print(($could ? "yes" : "no"), " $try\n");
        }
        """#

    @Test(
        "as one machine's user another machine's files, sockets and process are out of reach, and every base image"
    )
    func neighbours() async throws {
        let first = try await Submission("echo ready; sleep 600").submit()
        let second = try await Submission("echo ready; sleep 600").submit()
        try await first.says("ready")
        try await second.says("ready")
        let own = try #require(try await first.machine())
        let other = try #require(try await second.machine())
        let uid = try #require(Host.status(own, "Uid")?.split(separator: "\t").first)
        let gid = try #require(Host.status(own, "Gid")?.split(separator: "\t").first)
        let groups = (Host.status(own, "Groups") ?? "").split(separator: " ").joined(separator: ",")
        #expect(uid != Host.status(other, "Uid")?.split(separator: "\t").first ?? uid)
        #expect(uid != "0")

        let overlay = "/overlay.qcow2"
        let places = Cluster.places
        func machine(_ job: SlurmJob) throws -> String {
            let name = try #require(Leftovers.names(places.machines).first { $0.hasPrefix(job.key + ".") })
            return "\(places.machines)/\(name)"
        }
        let neighbour = try machine(second)
        var forbidden = [
            "read:\(neighbour)\(overlay)", "write:\(neighbour)\(overlay)", "write:\(neighbour)/context.iso",
            "write:\(neighbour)/console.log", "list:\(places.evidence)", "read:\(places.auditLog)",
            "connect:\(try second.place.payloadSocket)", "connect:\(try second.place.controlSocket)",
            "connect:\(try first.place.controlSocket)", "read:/proc/\(other)/mem",
            "read:/proc/\(other)/environ",
            "list:/proc/\(other)/fd", "signal:\(other)", "write:\(try first.place.record)",
            "write:\(places.siteFile)",
            "connect:\(Cluster.directory)/libvirt/run/libvirt-sock",
        ]
        let images = try await BaseImages.now().files
        #expect(!images.isEmpty)
        forbidden += images.map { "write:\($0.path)" }
        forbidden += Leftovers.names(places.tools).filter { $0.hasSuffix(".iso") }.map {
            "write:\(places.tools)/\($0)"
        }
        let monitors = try await Command.require(
            ["/usr/bin/find", "\(Cluster.directory)/libvirt/lib/qemu", "-type", "s"]
        ).text.split(separator: "\n").filter {
            $0.contains("\(second.key).") || $0.contains("bivouac-\(Cluster.cluster)-")
        }
        forbidden += monitors.filter { !$0.contains(first.key) }.map { "connect:\($0)" }

        let allowed = ["write:\(try machine(first))\(overlay)"]
        let words =
            [
                "/usr/bin/setpriv", "--reuid", "\(uid)", "--regid", "\(gid)",
                groups.isEmpty ? "--clear-groups" : "--groups=\(groups)", "/usr/bin/perl", "-MSocket", "-e",
                Self.probe,
            ] + allowed + forbidden
        let lines = try await Command.require(words).text.split(separator: "\n").map(String.init)
        #expect(lines.count == allowed.count + forbidden.count)
        #expect(lines.filter { $0.hasPrefix("yes ") } == allowed.map { "yes " + $0 })
        // Other tests' images come and go.
        let files = forbidden.filter { thing in !images.contains { thing == "write:\($0.path)" } }
        for thing in files where thing.hasPrefix("read:/") || thing.hasPrefix("write:/") {
            #expect(FileManager.default.fileExists(atPath: String(thing.drop { $0 != "/" })), "\(thing)")
        }
        for job in [first, second] { try await job.cancel() }
    }

    @Test("QEMU runs without capabilities, without a way to new privileges, and with a system call filter")
    func sandbox() async throws {
        let job = try await Submission("echo ready; sleep 600").submit()
        try await job.says("ready")
        let machine = try #require(try await job.machine())
        for set in ["CapInh", "CapPrm", "CapEff", "CapAmb"] {
            #expect(UInt64(Host.status(machine, set) ?? "", radix: 16) == 0, "\(set)")
        }
        #expect(Host.status(machine, "NoNewPrivs") == "1")
        #expect(Host.status(machine, "Seccomp") == "2")
        // libvirt may not own or relabel what it does not have to.
        let path = try #require(
            Leftovers.names(Cluster.places.machines).first { $0.hasPrefix(job.key + ".") })
        let context = try #require(try Files.status("\(Cluster.places.machines)/\(path)/context.iso"))
        #expect(context.uid == 0)
        try await job.cancel()
    }
}
