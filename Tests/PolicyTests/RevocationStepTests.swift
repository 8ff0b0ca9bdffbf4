import Job
import Site
import Testing

@testable import Policy

@Suite("What a look at a running machine leads to") struct RevocationStepTests {
    private static let denied = Refusal(.ImageDenied, "hole")
    private static let certain = Revocation(refusal: denied, isCertain: true)
    private static let doubtful = Revocation(refusal: Refusal(.CRLExpired, "old"), isCertain: false)

    @Test("what is certain is told and done once, as the site wants it", arguments: RevokedRule.allCases)
    func once(_ rule: RevokedRule) {
        let first = RevocationStep(Self.certain, rule: rule, told: nil, done: nil)
        #expect(first.isNews)
        #expect(first.action == (rule == .report ? nil : rule))
        let second = RevocationStep(Self.certain, rule: rule, told: Self.denied, done: first.action)
        #expect(!second.isNews && second.action == nil)
    }

    @Test("what could not be done is tried again, and not told again", arguments: RevokedRule.allCases)
    func again(_ rule: RevokedRule) {
        let step = RevocationStep(Self.certain, rule: rule, told: Self.denied, done: nil)
        #expect(!step.isNews)
        #expect(step.action == (rule == .report ? nil : rule))
    }

    @Test("what merely ran out or cannot be known is told and nothing more", arguments: RevokedRule.allCases)
    func uncertain(_ rule: RevokedRule) {
        let step = RevocationStep(Self.doubtful, rule: rule, told: nil, done: nil)
        #expect(step.isNews && step.action == nil)
    }

    @Test("when the site wants more than was done, that is done; less takes nothing back")
    func change() {
        for done in RevokedRule.allCases {
            for rule in RevokedRule.allCases {
                let step = RevocationStep(Self.certain, rule: rule, told: Self.denied, done: done)
                #expect(!step.isNews)
                #expect(step.action == (rule > done ? rule : nil))
            }
        }
    }

    @Test("another reason is told anew, and does not freeze again what an operator has resumed")
    func reason() {
        let step = RevocationStep(
            Self.certain, rule: .quarantine, told: Refusal(.CertRevoked, "x"), done: .quarantine)
        #expect(step.isNews && step.action == nil)
    }

    @Test("a machine that would start again is told of once, and left as it is")
    func withdrawn() {
        let step = RevocationStep(nil, rule: .destroy, told: Self.denied, done: .quarantine)
        #expect(step.isNews && step.action == nil)
        #expect(RevocationStep(nil, rule: .destroy, told: nil, done: nil).isNews == false)
    }
}
