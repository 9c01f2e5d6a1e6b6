import ChangeCalendar
import Core
import Engine
import Lab
import Ports
import Testing

@Suite(.timeLimit(.minutes(2))) struct FreezeTests {
    private static let shop = Shop.file(Shop.line("prod"))

    /// An entry around the world's own time; hours from now, by the clock of UTC.
    private static func entry(
        _ name: String, _ kind: CalendarEntry.Kind = .freeze, from: Int64, to: Int64, _ world: World,
        _ scope: CalendarScope = .organisation, _ directions: Set<Direction> = [.forward]
    ) throws -> CalendarEntry {
        CalendarEntry(
            name: try #require(CalendarEntryName(name)), kind: kind, start: Self.clock(world, from),
            end: Self.clock(world, to), zone: "UTC", recurrence: nil, directions: directions, scope: scope,
            reason: "the books are closed")
    }

    private static func clock(_ world: World, _ hours: Int64) -> String {
        LocalTime(seconds: (world.clock.now() + .hours(hours)).milliseconds / 1_000).text
    }

    private static func waiting(_ number: Int, _ plane: ControlPlane) async throws -> GateResult {
        try await eventually("the calendar's word") {
            try await plane.machine("prod").queue.first { $0.number == number }?.waitsFor.first {
                $0.gate == "calendar"
            }
        }
    }

    @Test func `a freeze keeps a promotion waiting, says until when, and lets it go by itself`() async throws {
        let world = World()
        world.repository.commit("feat: open", file: Self.shop)
        try await world.running { plane in
            try await plane.define(Self.shop)
            _ = try await plane.build()
            try await plane.addToCalendar(Self.entry("year-end", from: -1, to: 2, world), by: .ada)
            let number = try await plane.promote("0.1.0", to: "prod")
            let gate = try await Self.waiting(number, plane)
            #expect(gate.verdict == nil)
            #expect(gate.reason.contains("frozen by `year-end` for the whole organisation until "))
            #expect(gate.reason.contains("the books are closed"))
            #expect(gate.reason.contains("`slipway freeze override shop/prod/\(number) --reason …`"))
            let opens = try #require(gate.passesAt)
            #expect(opens - world.clock.now() <= .hours(2))
            world.clock.move(.hours(3))
            try await plane.verified("0.1.0", in: "prod")
        }
    }

    @Test func `what is in the calendar for later or for others closes nothing, and no entry can stop a rollback`()
        async throws
    {
        let world = World()
        world.repository.commit("feat: open", file: Self.shop)
        try await world.running { plane in
            try await plane.define(Self.shop)
            _ = try await plane.build()
            let (other, dev) = (try #require(ServiceName("other")), try #require(EnvironmentName("dev")))
            for entry in [
                try Self.entry("tomorrow", from: 24, to: 48, world),
                try Self.entry("their-team", from: -1, to: 2, world, CalendarScope(team: "another-team")),
                try Self.entry("their-stage", from: -1, to: 2, world, CalendarScope(environment: dev)),
            ] { try await plane.addToCalendar(entry, by: .ada) }
            await #expect {
                try await plane.addToCalendar(
                    Self.entry("theirs", from: -1, to: 2, world, CalendarScope(service: other)), by: .ada)
            } throws: {
                ($0 as? Refusal)?.code == .notFound
            }
            await #expect {
                try await plane.addToCalendar(
                    Self.entry("no-way-back", from: -1, to: 2, world, .organisation, [.rollback]), by: .ada)
            } throws: {
                ($0 as? Refusal)?.message.contains("is about rollback; an entry is about forward alone") == true
            }
            _ = try await plane.promote("0.1.0", to: "prod")
            try await plane.verified("0.1.0", in: "prod")
        }
    }

    @Test func `a freeze never stops a rollback`() async throws {
        let world = World()
        try await world.running { plane in
            try await plane.define(Self.shop)
            for version in ["0.1.0", "0.2.0"] {
                world.repository.commit("feat: \(version)", file: Self.shop)
                _ = try await plane.build()
                _ = try await plane.promote(version, to: "prod")
                try await plane.verified(version, in: "prod")
            }
            try await plane.addToCalendar(
                Self.entry("all", from: -1, to: 2, world), by: .ada)
            _ = try await plane.rollBack(Shop.lane("prod"), to: nil, reason: "the carts are empty", by: .ada)
            try await plane.verified("0.1.0", in: "prod")
        }
    }

    @Test func `an override needs the right and a reason, and lets one promotion through; the freeze stays`()
        async throws
    {
        let world = World()
        try await world.running { plane in
            try await plane.define(Self.shop)
            world.repository.commit("feat: one", file: Self.shop)
            _ = try await plane.build()
            try await plane.addToCalendar(Self.entry("year-end", from: -1, to: 2, world), by: .ada)
            let first = try await plane.promote("0.1.0", to: "prod")
            _ = try await Self.waiting(first, plane)
            let lane = try Shop.lane("prod")
            await #expect {
                try await plane.overrideFreeze(of: first, in: lane, reason: "I say so", by: .bob)
            } throws: {
                ($0 as? Refusal)?.code == .notAllowed
            }
            await #expect { try await plane.overrideFreeze(of: first, in: lane, reason: "", by: .ada) } throws: {
                ($0 as? Refusal)?.code == .invalid
            }
            let override = try await plane.overrideFreeze(of: first, in: lane, reason: "customers can't pay", by: .ada)
            #expect(override.entries.map(\.text) == ["year-end"])
            try await plane.verified("0.1.0", in: "prod")
            let admitted = try #require(
                try await plane.why(lane, first, by: .ada).first { $0.text.hasPrefix("admitted") })
            #expect(admitted.text.contains("open; person:ada overrode year-end: customers can't pay"))
            world.repository.commit("feat: two", file: Self.shop)
            _ = try await plane.build()
            let second = try await plane.promote("0.2.0", to: "prod")
            #expect(try await Self.waiting(second, plane).reason.contains("year-end"))
            await #expect { try await plane.overrideFreeze(of: 99, in: lane, reason: "x", by: .ada) } throws: {
                ($0 as? Refusal)?.code == .notFound
            }
        }
    }

    @Test func `the stop of everything lets nothing forward until it is lifted, and a second stop says who stopped`()
        async throws
    {
        let world = World()
        world.repository.commit("feat: open", file: Self.shop)
        try await world.running { plane in
            try await plane.define(Self.shop)
            _ = try await plane.build()
            #expect(try await plane.stopEverything(reason: "the datacentre burns", by: .bob).isEmpty)
            let number = try await plane.promote("0.1.0", to: "prod")
            let gate = try await eventually("the stop") {
                try await plane.machine("prod").queue.first { $0.number == number }?.waitsFor.first {
                    $0.gate == "stop"
                }
            }
            #expect(gate.reason.contains("person:bob has stopped everything: the datacentre burns."))
            await #expect { _ = try await plane.stopEverything(reason: "again", by: .ada) } throws: {
                ($0 as? Refusal)?.message.contains("person:bob has stopped everything already") == true
            }
            await #expect { try await plane.liftStop(reason: "me too", by: .bob) } throws: {
                ($0 as? Refusal)?.code == .notAllowed
            }
            try await plane.liftStop(reason: "it is out", by: .ada)
            try await plane.verified("0.1.0", in: "prod")
        }
    }

    @Test func `the stop pauses what is on its way, and the lift does not resume it`() async throws {
        let file = Shop.file(Shop.line("prod", "bake: 1h"))
        let world = World()
        world.repository.commit("feat: open", file: file)
        try await world.running { plane in
            try await plane.define(file)
            _ = try await plane.build()
            let number = try await plane.promote("0.1.0", to: "prod")
            _ = try await eventually("the bake") {
                try await plane.machine("prod").deployment?.bakes == true ? true : nil
            }
            #expect(try await plane.stopEverything(reason: "look first", by: .ada).map(\.number) == [number])
            #expect(try await plane.machine("prod").deployment?.pause?.reason == "everything is stopped: look first")
            let id = try Shop.lane("prod")
            for intent in [
                Lane.Intent.resume(number: nil, reason: "go"), .skip(number: nil, reason: "go"),
                .handOver(number: nil, reason: "go"),
            ] {
                await #expect { try await plane.intend(intent, in: id, by: .bob) } throws: {
                    ($0 as? Refusal)?.message.contains("person:ada has stopped everything: look first.") == true
                }
            }
            let closed = try await plane.outlook(of: id, .forward, by: .bob)
            #expect(closed.closedBecause?.contains("`slipway freeze lift --reason …`") == true)
            #expect(try await plane.outlook(of: id, .rollback, by: .bob).closedBecause == nil)
            try await plane.liftStop(reason: "looked", by: .ada)
            #expect(try await plane.machine("prod").deployment?.pause != nil)
            #expect(try await plane.machine("prod").deployment?.number == number)
        }
    }

    @Test func `a stop that is only on record pauses what is on its way all the same`() async throws {
        let file = Shop.file(Shop.line("prod", "bake: 1h"))
        let world = World()
        world.repository.commit("feat: open", file: file)
        try await world.running { plane in
            try await plane.define(file)
            _ = try await plane.build()
            _ = try await plane.promote("0.1.0", to: "prod")
            _ = try await eventually("the bake") {
                try await plane.machine("prod").deployment?.bakes == true ? true : nil
            }
            // As if the process had died between the stop and the pauses.
            try await plane.journal.decide(FreezeCalendar.self, .calendar, by: .person("ada")) { now in
                .stop(by: .person("ada"), reason: "a breach", at: now)
            }
            let pause = try await eventually("the pause") { try await plane.machine("prod").deployment?.pause }
            #expect(pause.reason == "everything is stopped: a breach" && pause.by == .person("ada"))
        }
    }

    @Test func `outside of a change window it says when the next one begins`() async throws {
        let world = World()
        world.repository.commit("feat: open", file: Self.shop)
        try await world.running { plane in
            try await plane.define(Self.shop)
            try await plane.addToCalendar(Self.entry("office-hours", .window, from: 5, to: 8, world), by: .ada)
            let closed = try await plane.outlook(of: Shop.lane("prod"), .forward, by: .bob)
            #expect(closed.closedBecause?.contains("outside of the change windows `office-hours`") == true)
            #expect(try #require(closed.opensAt) - world.clock.now() <= .hours(5))
            #expect(try await plane.outlook(of: Shop.lane("prod"), .rollback, by: .bob).closedBecause == nil)
            try await plane.removeFromCalendar(
                try #require(CalendarEntryName("office-hours")), reason: "always open", by: .ada)
            #expect(try await plane.outlook(of: Shop.lane("prod"), .forward, by: .bob).closedBecause == nil)
        }
    }
}
