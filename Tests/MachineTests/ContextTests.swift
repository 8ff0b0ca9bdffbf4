import Foundation
import Site
import Testing
import Unix

@Suite("What a machine is told and given", .needsCluster, .alone)
struct ContextTests {
    @Test("the site's files and variables are there, and a credential is in memory and nowhere else")
    func given() async throws {
        let cluster = try await Cluster.ready()
        let canary = "canary-\(UUID().uuidString)"
        let proxy = "/var/tmp/bivouac-test-proxy-\(UUID().uuidString.prefix(8))"
        try Files.write(canary + "\n", to: proxy)
        try Files.changeOwner(proxy, uid: cluster.user.uid, gid: cluster.user.gid)
        defer { _ = try? Files.remove(proxy) }
        let snippet = Cluster.places.snippets + "/bivouac-test.toml"
        try Files.makeDirectories(Cluster.places.snippets, mode: 0o755)
        try Files.write(
            "[files]\n\"/etc/rsyslog.d/50-site.conf\" = '*.* @@loghost'\n", to: snippet, mode: 0o644)
        let environment = Cluster.places.snippets + "/bivouac-test-b.toml"
        try Files.write(
            "[environment]\nSITE_NAME = \"X $(reboot) 'Y'\"\nTZ = 'UTC'\n", to: environment, mode: 0o644)
        defer { for path in [snippet, environment] { _ = try? Files.remove(path) } }

        var submission = Submission(
            """
            stat -c '%u %a' "$X509_USER_PROXY"; wc -c <"$X509_USER_PROXY"
            df "$X509_USER_PROXY" | grep -c bivouac
            cat /etc/rsyslog.d/50-site.conf; echo
            echo "$SITE_NAME $TZ"
            df /run/bivouac-job | tail -1 >/dev/null && echo "outputs $(stat -c %a $JOBOUTPUTS)"
            sleep 5
            """, partition: "vmcred")
        submission.environment = ["X509_USER_PROXY=\(proxy)", "TZ=CET"]
        let (job, state) = try await submission.run()
        #expect(state.exitCode == 0, "\(job.errors)")
        #expect(
            job.lines == [
                "\(cluster.user.uid) 600", "\(canary.utf8.count + 1)", "1", "*.* @@loghost",
                "X $(reboot) 'Y' CET", "outputs 700",
            ])
        // The overlay, which is kept, and every record, log and list of this node.
        let found = try await Command.run([
            "/usr/bin/grep", "-rlaF", canary, Cluster.places.state, Cluster.places.run,
            Files.parent(Cluster.places.auditLog), Cluster.directory + "/slurm/log",
        ])
        #expect(found.line == "" && !found.succeeded, "\(found.line)")
    }
}
