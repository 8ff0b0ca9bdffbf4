import Job
import Testing

@Suite("A place of a machine that a job may have something in")
struct GuestPlaceTests {
    @Test(
        "is an absolute path below the root",
        arguments: ["/home/a", "/cvmfs", "/data//x/", "/user-disk", "/binary"])
    func allowed(path: String) {
        #expect(GuestPlace.allows(text: path))
    }

    @Test(
        "is none of the image's own, and no path that means another one",
        arguments: [
            "", "/", "//", "home", "./x", "/home/../etc", "/home/./a", "/etc", "/etc/cron.d", "//usr//lib",
            "/root",
            "/run/user", "/proc/self/root", "/dev/shm", "/var/run", "/var/spool/cron/crontabs", "/sys",
            "/lib64",
            "/home/a\nb", "/home/\u{7F}", "/" + String(repeating: "a", count: 1024),
        ])
    func refused(path: String) {
        #expect(!GuestPlace.allows(text: path))
    }
}
