import Core
import Testing

/// What a change goes through when time passes, when what was approved changes, and in an emergency.
struct ChangeTimesTests {
    private static let now = Instant(milliseconds: 1_800_000_000_000)

    private static func change(from people: [String] = ["bob", "cleo"]) throws -> ChangeRequest {
        let lane = LaneID(
            service: try #require(ServiceName("shop")), environment: try #require(EnvironmentName("prod")))
        let request = ChangeRequest.Request(
            id: try #require(ChangeID("c-shop-prod-1")), lane: lane, promotion: 1,
            candidate: Candidate(release: try #require(ReleaseID("r-1")), version: "1.0.0"), by: .person("ada"),
            authors: ["ada"], needs: people.isEmpty ? [] : [ChangeRequest.Need(from: people, count: 1)], definition: 1,
            at: Self.now)
        var change = ChangeRequest()
        try Self.tell(.request(request), to: &change)
        return change
    }

    @discardableResult
    private static func tell(_ input: ChangeRequest.Input, to change: inout ChangeRequest) throws -> [String] {
        let facts = try change.decide(input)
        for fact in facts { try change.apply(fact) }
        return facts.map { String($0.kind.name.dropFirst("change.".count)) }
    }

    private static func code(_ input: ChangeRequest.Input, _ change: ChangeRequest) -> Refusal.Code? {
        do throws(Refusal) {
            _ = try change.decide(input)
            return nil
        } catch { return error.code }
    }

    @Test func `what nobody decides is reminded of at half of its time, and expires; an approval is too late then`()
        throws
    {
        var change = try Self.change()
        #expect(change.deadline == Self.now + .hours(7 * 24))
        #expect(try Self.tell(.tick(at: Self.now + .hours(80)), to: &change).isEmpty)
        #expect(try Self.tell(.tick(at: Self.now + .hours(84)), to: &change) == ["reminded"])
        #expect(try Self.tell(.tick(at: Self.now + .hours(90)), to: &change).isEmpty)
        #expect(change.nextTick == change.deadline)
        // Its time is over before anybody has written that down, as after a server that was away.
        for isYes in [true, false] {
            let word = ChangeRequest.Input.word(yes: isYes, by: .person("bob"), reason: "r", at: Self.now + .hours(168))
            #expect(Self.code(word, change) == .wrongState)
        }
        #expect(try Self.tell(.tick(at: Self.now + .hours(168)), to: &change) == ["expired"])
        #expect(change.state == .expired && change.nextTick == nil)
        let late = ChangeRequest.Input.word(yes: true, by: .person("bob"), reason: "yes", at: Self.now + .hours(169))
        #expect(Self.code(late, change) == .wrongState)
        #expect(try Self.tell(.close(reason: "removed", at: Self.now + .hours(169)), to: &change).isEmpty)
    }

    @Test func `another definition voids what was said, and who said yes may say it again`() throws {
        var change = try Self.change()
        let yes = ChangeRequest.Input.word(yes: true, by: .person("bob"), reason: "yes", at: Self.now)
        #expect(try Self.tell(yes, to: &change) == ["spoken", "approved"])
        let needs = [ChangeRequest.Need(from: ["bob", "dora"], count: 2)]
        let edit = ChangeRequest.Input.edit(definition: 2, needs: needs, reason: "replicas", at: Self.now)
        #expect(try Self.tell(edit, to: &change) == ["voided"])
        #expect(change.state == .requested && change.words.isEmpty && change.missing == needs)
        #expect(change.request?.definition == 2)
        #expect(try Self.tell(yes, to: &change) == ["spoken"])
        let last = ChangeRequest.Input.word(yes: true, by: .person("dora"), reason: "yes", at: Self.now)
        #expect(try Self.tell(last, to: &change) == ["spoken", "approved"])
        var rejected = try Self.change()
        try Self.tell(.word(yes: false, by: .person("bob"), reason: "no", at: Self.now), to: &rejected)
        #expect(try Self.tell(edit, to: &rejected).isEmpty)
        #expect(rejected.state == .rejected)
    }

    @Test func `who is asked anew has as long as before, however late the other definition came`() throws {
        var change = try Self.change()
        try Self.tell(.tick(at: Self.now + .hours(84)), to: &change)
        try Self.tell(.word(yes: true, by: .person("bob"), reason: "yes", at: Self.now + .hours(100)), to: &change)
        let later = Self.now + .hours(20 * 24)
        let needs = [ChangeRequest.Need(from: ["bob"], count: 1)]
        try Self.tell(.edit(definition: 2, needs: needs, reason: "replicas", at: later), to: &change)
        #expect(change.deadline == later + .hours(7 * 24))
        #expect(try Self.tell(.tick(at: later), to: &change).isEmpty)
        #expect(try Self.tell(.tick(at: later + .hours(84)), to: &change) == ["reminded"])
        #expect(try Self.tell(.tick(at: later + .hours(168)), to: &change) == ["expired"])
    }

    @Test
    func `an emergency stays open after its deployment until somebody else approves it, and escalates if nobody does`()
        throws
    {
        var change = try Self.change()
        let declare = ChangeRequest.Input.declareEmergency(reason: "users can't pay", by: .person("cleo"), at: Self.now)
        for actor in [Actor.serviceAccount("ci"), .judge, .schedule, .system] {
            let input = ChangeRequest.Input.declareEmergency(reason: "x", by: actor, at: Self.now)
            #expect(Self.code(input, change) == .notAllowed)
        }
        #expect(try Self.tell(declare, to: &change) == ["emergencyDeclared"])
        #expect(Self.code(declare, change) == .nothingToDo)
        #expect(try Self.tell(.close(reason: "completed", at: Self.now), to: &change).isEmpty)
        #expect(change.deadline == Self.now + .hours(24))
        #expect(try Self.tell(.tick(at: Self.now + .hours(12)), to: &change) == ["reminded"])
        #expect(try Self.tell(.tick(at: Self.now + .hours(24)), to: &change) == ["escalated"])
        #expect(change.deadline == nil && change.state == .requested)
        for author in ["ada", "cleo"] {
            let input = ChangeRequest.Input.word(yes: true, by: .person(author), reason: "mine", at: Self.now)
            #expect(Self.code(input, change) == (author == "ada" ? .notAllowed : .authorIsApprover))
        }
        let late = ChangeRequest.Input.word(yes: true, by: .person("bob"), reason: "it was right", at: Self.now)
        #expect(try Self.tell(late, to: &change) == ["spoken", "approved"])
        #expect(try Self.tell(.close(reason: "completed", at: Self.now), to: &change) == ["closed"])
    }

    @Test func `an emergency where nobody is asked is on record and owes nothing`() throws {
        var change = try Self.change(from: [])
        let declare = ChangeRequest.Input.declareEmergency(reason: "frozen", by: .person("ada"), at: Self.now)
        #expect(try Self.tell(declare, to: &change) == ["emergencyDeclared", "approved"])
        #expect(change.nextTick == nil)
        #expect(Self.code(declare, change) == .nothingToDo)
    }
}
