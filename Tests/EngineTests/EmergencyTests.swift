import ChangeCalendar
import Core
import Engine
import Lab
import Ports
import Testing

/// A change that can't wait, and one that waits too long.
@Suite(.timeLimit(.minutes(2))) struct EmergencyTests {
    private static let shop = Shop.file(
        Shop.line("prod", "gates: [ { approval: { from: [bob, cleo], count: 1 } } ]"))

    private static func freeze(_ world: World) throws -> CalendarEntry {
        func clock(_ hours: Int64) -> String {
            LocalTime(seconds: (world.clock.now() + .hours(hours)).milliseconds / 1_000).text
        }
        return CalendarEntry(
            name: try #require(CalendarEntryName("year-end")), kind: .freeze, start: clock(-1), end: clock(48),
            zone: "UTC", recurrence: nil, directions: [.forward], scope: .organisation, reason: "the books are closed")
    }

    private static func state(_ id: ChangeID, _ plane: ControlPlane) async throws -> ChangeRequest {
        try await plane.change(id, by: .ada)
    }

    @Test func `what waits for approval and a freeze goes ahead as an emergency, and is approved afterwards`()
        async throws
    {
        let world = World()
        world.repository.commit("feat: open", file: Self.shop)
        try await world.running { plane in
            try await plane.define(Self.shop)
            _ = try await plane.build()
            try await plane.addToCalendar(Self.freeze(world), by: .ada)
            let number = try await plane.promote("0.1.0", to: "prod")
            _ = try await eventually("it to wait for both") { () -> Bool? in
                let gates = try await plane.machine("prod").queue.first?.waitsFor.filter { $0.verdict == nil }.map(
                    \.gate)
                return Set(gates ?? []) == ["approval", "calendar"] ? true : nil
            }
            let environment = try #require(EnvironmentName("prod"))
            let (id, again) = try await plane.promote(
                "shop@0.1.0", into: environment, emergency: "users can't pay", by: .ada)
            #expect(again == number)
            try await plane.verified("0.1.0", in: "prod")
            let change = ChangeID(id, number)
            #expect(try await Self.state(change, plane).state == .requested)
            let admitted = try await plane.why(id, number, by: .ada).map(\.text).joined(separator: " ")
            #expect(admitted.contains("emergency, declared by person:ada: users can't pay"), "\(admitted)")
            #expect(admitted.contains("not held up by `year-end`"), "\(admitted)")
            world.clock.move(.hours(25))
            _ = try await eventually("the escalation") { () -> Bool? in
                try await Self.state(change, plane).escalatedAt == nil ? nil : true
            }
            _ = try await plane.decide(change, yes: true, reason: "it was right", by: .bob)
            #expect(try await Self.state(change, plane).state == .approved)
        }
    }

    @Test func `the stop of everything stops an emergency as well, and says what lets it go`() async throws {
        let world = World()
        world.repository.commit("feat: open", file: Self.shop)
        try await world.running { plane in
            try await plane.define(Self.shop)
            _ = try await plane.build()
            _ = try await plane.stopEverything(reason: "a breach", by: .ada)
            let environment = try #require(EnvironmentName("prod"))
            let (_, number) = try await plane.promote(
                "shop@0.1.0", into: environment, emergency: "it is urgent", by: .ada)
            let gate = try await eventually("the stop's word") {
                try await plane.machine("prod").queue.first { $0.number == number }?.waitsFor.first {
                    $0.gate == "stop" && $0.verdict == nil
                }
            }
            #expect(gate.reason.contains("`slipway freeze lift --reason …`"))
            #expect(try await plane.machine("prod").deployment == nil)
        }
    }

    @Test func `what nobody decides within a week leaves the queue, though the lane itself would wait for longer`()
        async throws
    {
        let world = World()
        world.repository.commit("feat: open", file: Self.shop)
        try await world.running { plane in
            try await plane.define(Self.shop)
            _ = try await plane.build()
            let environment = try #require(EnvironmentName("prod"))
            let (id, number) = try await plane.promote(
                "shop@0.1.0", into: environment, notBefore: world.clock.now() + .hours(30 * 24), by: .ada)
            let change = ChangeID(id, number)
            world.clock.move(.hours(7 * 24 + 1))
            _ = try await eventually("the end of its time") { () -> Bool? in
                try await Self.state(change, plane).state == .expired ? true : nil
            }
            _ = try await eventually("the queue to be empty") { () -> Bool? in
                try await plane.machine("prod").queue.isEmpty ? true : nil
            }
            let why = try await plane.why(id, number, by: .ada).map(\.text).joined(separator: " ")
            #expect(why.contains("nobody decided within 7 days"), "\(why)")
        }
    }
}
