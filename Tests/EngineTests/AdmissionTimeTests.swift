import Core
import Engine
import Lab
import Ports
import Testing

/// How long one admission takes in a large organisation. A release build is several times faster than this one.
@Suite(.serialized, .timeLimit(.minutes(3))) struct AdmissionTimeTests {
    @Test func `with 10,000 people, 10,000 grants and 1,000 freezes an admission takes a few milliseconds`()
        async throws
    {
        let world = World()
        let plane = world.plane(over: try world.open())
        let teams = (0..<32).map { "team-\($0)" }
        let gates = (0..<8).map { gate in
            "{ approval: { from: [\(teams[(gate * 4)..<(gate * 4 + 4)].joined(separator: ", "))], count: 2 } }"
        }
        let file = Shop.file(Shop.line("prod", "gates: [ \(gates.joined(separator: ", ")) ]"))
        try await plane.define(file)
        try await Self.fill(plane, teams)
        let lane = try Shop.lane("prod")
        let id = try #require(ReleaseID("r-0123456789ab"))
        let now = world.clock.now()
        let origin = Release.Origin(
            id: id, service: lane.service, version: "0.1.0", repository: Shop.folder,
            commit: String(repeating: "a", count: 40), author: "P <p7@shop.example>", subject: "feat: x",
            committedAt: now, configuration: RunConfiguration(), file: nil, by: .person("ada"), at: now)
        try await plane.journal.decide(Release.self, .release(id), by: .person("ada")) { _ in .request(origin) }
        let number = try await plane.promote("0.1.0", to: "prod")
        for person in 0..<16 {
            let caller = Caller(actor: .person("p\(person * 32 + person)"))
            _ = try? await plane.decide(ChangeID(lane, number), yes: true, reason: "fine", by: caller)
        }
        let admission = Admission(journal: plane.journal, windows: plane.windows, id: lane)
        _ = try await admission.evaluate()
        var times: [Duration] = []
        for _ in 0..<21 {
            let begin = ContinuousClock.now
            _ = try await admission.evaluate()
            times.append(ContinuousClock.now - begin)
        }
        let waiting = try await plane.machine("prod").queue.first?.waitsFor.map(\.gate) ?? []
        #expect(waiting.contains("approval"), "\(waiting)")
        let median = times.sorted()[10]
        print("admission in a large organisation: median \(median)")
        #expect(median < .milliseconds(100))
    }

    /// Straight into the record, as many at a time as it takes.
    private static func fill(_ plane: ControlPlane, _ teams: [String]) async throws {
        let (by, now) = (Actor.person("ada"), plane.journal.time.now())
        var events: [Directory.Event] = []
        func add(_ input: Directory.Input, _ directory: inout Directory) throws {
            for event in try directory.decide(input) {
                try directory.apply(event)
                events.append(event)
            }
        }
        var directory = Directory()
        func name(_ text: String) throws -> DirectoryName { try #require(DirectoryName(text)) }
        for team in teams { try add(.team(try name(team), groups: [], by: by, at: now), &directory) }
        for number in 0..<10_000 {
            let id = try name("p\(number)")
            try add(
                .describe(id, displayName: "P", emails: ["p\(number)@shop.example"], by: by, at: now), &directory)
            try add(.addMember(id, to: try name(teams[number % 32]), by: by, at: now), &directory)
            let grant = Directory.Grant(subject: .person(id), right: .approve, scope: .organisation)
            try add(.grant(grant, by: by, at: now), &directory)
        }
        while !events.isEmpty {
            let loaded = try await plane.journal.directory()
            let draft = try #require(try plane.journal.draft(loaded, Array(events.prefix(1_000))))
            try await plane.journal.append([draft], by: by, at: now)
            events.removeFirst(min(1_000, events.count))
        }
        for number in 0..<FreezeCalendar.entryLimit {
            let entry = CalendarEntry(
                name: try #require(CalendarEntryName("f-\(number)")), kind: .freeze, start: "2020-01-01T00:00:00",
                end: "2020-01-01T12:00:00", zone: "UTC",
                recurrence: number % 2 == 0 ? "FREQ=YEARLY" : nil, directions: [.forward],
                scope: .organisation, reason: "x")
            let loaded = try await plane.journal.calendar()
            let draft = try #require(
                try plane.journal.draft(loaded, try loaded.machine.decide(.add(entry, by: by, at: now))))
            try await plane.journal.append([draft], by: by, at: now)
        }
    }
}
