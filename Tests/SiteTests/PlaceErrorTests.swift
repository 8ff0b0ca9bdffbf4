import Job
import Site
import Testing

@Suite("A root that cannot hold our state is told why")
struct PlaceErrorTests {
    @Test("says which and why")
    func texts() {
        #expect(
            SiteError.root("a", reason: "it is not an absolute path").description
                == "the root directory 'a' cannot be used: it is not an absolute path")
        #expect(
            SiteError.socketPathTooLong("/s", limit: 107).description
                == "the socket path '/s' cannot be used: it is longer than 107 bytes, so the root directory or the "
                + "cluster's name must be shorter")
        #expect(
            SiteError.configuration(SiteFault(file: "/f", line: 2, column: 3, message: "no")).description
                == "/f:2:3: no")
    }
}
