import Batch
import TestSupport
import Testing
import Unix

@Suite("What slurmd reads itself")
struct SlurmConfigurationTests {
    @Test(
        "is how long it waits between TERM and KILL, the last word counts and no word is its default",
        arguments: [
            ("", 30), ("KillWait=12\n", 12), ("killwait = 40 # s\n", 40), ("KillWait=1\nKillWait=9\n", 9),
            ("KillWait=2\n", 5), ("Include more.conf\n", 77), ("KillWait=soon\n", nil),
            ("Include none.conf\n", nil),
        ] as [(String, Int?)])
    func killWait(text: String, seconds: Int?) throws {
        try withScratch { root in
            try Files.write("KillWait=77\n", to: root + "/more.conf")
            try Files.write(text, to: root + "/slurm.conf")
            #expect(SlurmConfiguration.killWait(in: root + "/slurm.conf") == seconds)
            #expect(SlurmConfiguration.killWait(in: root + "/nothing.conf") == nil)
        }
    }
}
