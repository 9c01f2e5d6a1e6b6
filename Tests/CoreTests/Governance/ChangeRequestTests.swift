import Core
import Testing

/// Who has to say yes, and whose yes counts.
struct ChangeRequestTests {
    private static let now = Instant(milliseconds: 1_800_000_000_000)

    private static func change(
        _ needs: [(from: [String], count: Int)], authors: [String] = ["ada"]
    ) throws -> ChangeRequest {
        let lane = LaneID(
            service: try #require(ServiceName("shop")), environment: try #require(EnvironmentName("prod")))
        let request = ChangeRequest.Request(
            id: try #require(ChangeID("c-shop-prod-1")), lane: lane, promotion: 1,
            candidate: Candidate(release: try #require(ReleaseID("r-1")), version: "1.0.0"), by: .person("ada"),
            authors: authors, needs: needs.map { ChangeRequest.Need(from: $0.from, count: $0.count) }, at: Self.now)
        var change = ChangeRequest()
        for event in try change.decide(.request(request)) { try change.apply(event) }
        return change
    }

    /// The names of the facts, or the refusal.
    @discardableResult
    private static func say(
        _ yes: Bool, by actor: Actor, to change: inout ChangeRequest
    ) throws -> Result<[String], Refusal> {
        do throws(Refusal) {
            let facts = try change.decide(.word(yes: yes, by: actor, reason: "because", at: Self.now))
            for fact in facts { #expect(throws: Never.self) { try change.apply(fact) } }
            return .success(facts.map { String($0.kind.name.dropFirst("change.".count)) })
        } catch { return .failure(error) }
    }

    private static func code(_ result: Result<[String], Refusal>) -> Refusal.Code? {
        if case .failure(let refusal) = result { return refusal.code }
        return nil
    }

    @Test func `one person counts once, and it names who is missing`() throws {
        var change = try Self.change([(["bob", "cleo", "dora"], 2)])
        #expect(change.missing == [ChangeRequest.Need(from: ["bob", "cleo", "dora"], count: 2)])
        #expect(try Self.say(true, by: .person("bob"), to: &change) == .success(["spoken"]))
        #expect(change.missing == [ChangeRequest.Need(from: ["cleo", "dora"], count: 1)])
        #expect(Self.code(try Self.say(true, by: .person("bob"), to: &change)) == .nothingToDo)
        #expect(try Self.say(true, by: .person("dora"), to: &change) == .success(["spoken", "approved"]))
        #expect(change.missing.isEmpty && change.state == .approved)
        #expect(Self.code(try Self.say(true, by: .person("cleo"), to: &change)) == .wrongState)
    }

    @Test func `an author never approves, may say no, and nobody else than people is heard`() throws {
        var change = try Self.change([(["ada", "bob"], 1)], authors: ["ada", "eve"])
        #expect(Self.code(try Self.say(true, by: .person("ada"), to: &change)) == .authorIsApprover)
        #expect(Self.code(try Self.say(true, by: .person("zoe"), to: &change)) == .notAllowed)
        for actor in [Actor.serviceAccount("bob"), .judge, .schedule, .system] {
            #expect(Self.code(try Self.say(true, by: actor, to: &change)) == .notAllowed)
        }
        #expect(change.words.isEmpty)
        #expect(try Self.say(false, by: .person("ada"), to: &change) == .success(["spoken", "rejected"]))
        #expect(change.state == .rejected)
    }

    @Test func `a person serves one need, and is given to the one that has nobody else`() throws {
        var change = try Self.change([(["bob", "cleo"], 1), (["bob"], 1)])
        // Bob could serve either; Cleo only the first: both together are enough, in any order.
        #expect(try Self.say(true, by: .person("bob"), to: &change) == .success(["spoken"]))
        #expect(change.missing.map(\.count) == [1])
        #expect(try Self.say(true, by: .person("cleo"), to: &change) == .success(["spoken", "approved"]))
        var alone = try Self.change([(["bob"], 1), (["bob"], 1)])
        #expect(try Self.say(true, by: .person("bob"), to: &alone) == .success(["spoken"]))
        #expect(alone.state == .requested)
        #expect(alone.missing == [ChangeRequest.Need(from: [], count: 1)])
    }

    @Test func `a change is requested once and closed once`() throws {
        var change = try Self.change([(["bob"], 1)])
        let request = try #require(change.request)
        #expect(try change.decide(.request(request)) == [])
        let closed = try change.decide(.close(reason: "completed", at: Self.now))
        #expect(closed.map(\.kind.name) == ["change.closed"])
        for event in closed { try change.apply(event) }
        #expect(try change.decide(.close(reason: "again", at: Self.now)) == [])
        #expect(Self.code(try Self.say(true, by: .person("bob"), to: &change)) == .wrongState)
        #expect(try ChangeRequest().decide(.close(reason: "never asked for", at: Self.now)) == [])
    }
}
