import Job
import Testing

@Suite("Moments are UTC and spelt in one way")
struct TimestampTests {
    @Test(
        "a moment is read and written",
        arguments: [
            ("1970-01-01T00:00:00Z", 0), ("2000-02-29T23:59:59Z", 951_868_799),
            ("2026-11-21T08:00:00Z", 1_795_248_000), ("2499-12-31T22:00:00Z", 16_725_218_400),
            ("1969-12-31T23:59:59Z", -1), ("2038-01-19T03:14:08Z", 2_147_483_648),
        ] as [(String, Int64)])
    func known(text: String, seconds: Int64) {
        #expect(Timestamp(text)?.seconds == seconds)
        #expect(Timestamp(seconds: seconds).description == text)
    }

    @Test("every day of eight hundred years is read back as itself")
    func days() {
        for day in stride(from: Int64(-200) * 365, to: 600 * 366, by: 1) {
            let moment = Timestamp(seconds: day * 86_400 + 45_296)
            #expect(Timestamp(moment.description) == moment)
        }
    }

    @Test(
        "any other spelling is no moment",
        arguments: [
            "", "2026-11-21", "2026-11-21T08:00:00", "2026-11-21T08:00:00+00:00", "2026-11-21T08:00:00.5Z",
            "2026-11-21 08:00:00Z", "2026-13-01T00:00:00Z", "2025-02-29T00:00:00Z", "2026-11-21T24:00:00Z",
            "2026-11-21T08:60:00Z", "2026-11-21T08:00:60Z", "2026-11-21t08:00:00z", "２026-11-21T08:00:0Z",
            "-026-11-21T08:00:00Z", "2026-00-10T00:00:00Z", "2026-01-00T00:00:00Z",
        ])
    func refused(text: String) {
        #expect(Timestamp(text) == nil)
    }
}
