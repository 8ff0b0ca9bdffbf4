import Job
import NameService
import Testing

@Suite("The node's accounts")
struct NameServiceTests {
    @Test("root is found by number and by name, with its groups")
    func root() throws {
        let byNumber = try #require(NameService.account(uid: 0))
        #expect(byNumber.name == "root")
        #expect(byNumber.home == "/root")
        #expect(byNumber.groups.contains(Account.Group(name: "root", gid: 0)))
        #expect(NameService.account(named: "root") == byNumber)
    }

    @Test("a number or a name without an account is nil")
    func unknown() {
        #expect(NameService.account(uid: 4_123_456_789) == nil)
        #expect(NameService.account(named: "bivouac-test-nobody-has-this") == nil)
    }
}
