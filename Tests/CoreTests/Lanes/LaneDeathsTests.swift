import Core
import Testing

@Suite struct LaneDeathsTests {
    @Test func `deaths are on record at once, and those of a crash loop together, less and less often`() throws {
        var script = try LaneScript(.production())
        try script.deploy(1)
        let last = "instance 1 was ended by signal 9"
        #expect(try script.hear(.instancesDied(1, count: 1, last: last)) == ["instancesDied"])
        #expect(try script.hear(.instancesDied(1, count: 1, last: last)) == [])
        #expect(script.lane.capacities[1]?.deaths?.count == 1)
        #expect(try script.hear(.instancesDied(2, count: 1, last: last)) == [], "there is no such capacity")

        // One more every five seconds, for a day.
        var count = 1
        let before = script.events.count
        for _ in 0..<(24 * 720) {
            try script.pass(.seconds(5))
            count += 1
            try script.hear(.instancesDied(1, count: count, last: last))
        }
        let told = script.events[before...].count { if case .instancesDied = $0 { true } else { false } }
        #expect((24...40).contains(told), "\(told) of \(count) deaths in a day")

        try script.pass(.hours(1))
        try script.hear(.instancesDied(1, count: count, last: last))
        #expect(script.lane.capacities[1]?.deaths?.count == count, "none is left out for good")
        try script.pass(.hours(2))
        #expect(try script.hear(.instancesDied(1, count: count + 1, last: last)) == ["instancesDied"])
        #expect(script.lane.capacities[1]?.deaths?.quiet == Deaths.firstQuiet, "an hour without one ends a series")
    }

    @Test func `deaths of the router are on record until it is taken down`() throws {
        var script = try LaneScript(.production())
        try script.deploy(1)
        #expect(try script.hear(.routerDied(count: 4, last: "HAProxy ended")) == ["routerDied"])
        #expect(try script.hear(.routerDied(count: 5, last: "HAProxy ended")) == [])
        try script.pass(Deaths.firstQuiet)
        #expect(try script.hear(.routerDied(count: 5, last: "HAProxy ended")) == ["routerDied"])
        try script.say(.down(reason: "over"))
        try script.finish()
        #expect(script.lane.routerDeaths == nil)
    }
}
