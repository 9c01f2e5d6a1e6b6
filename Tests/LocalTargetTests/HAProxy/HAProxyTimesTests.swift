import LocalTarget
import Ports
import Testing

/// Lines of the log as values.
@Suite struct HAProxyTimesTests {
    private func line(_ text: String, token: String = "k7x") -> HAProxyLogLine? {
        Array(text.utf8).withUnsafeBytes { HAProxyLogLine($0, token: Array(token.utf8)) }
    }

    private func take(_ tally: inout HAProxyTally, _ text: String) {
        Array(text.utf8).withUnsafeBytes { tally.take($0) }
    }

    @Test func `a line is read whole`() throws {
        let line = try #require(self.line("1 k7x 2 981 45 -\n"))
        #expect(line.slot == 1 && line.number == 981 && line.milliseconds == 45 && !line.isNewcomer)
        #expect(try #require(self.line("1 k7x 6 1 0 1")).isNewcomer)
    }

    @Test(arguments: [
        "", "1", "1 k7x", "2 k7x 2 981 45 -", "1 k7y 2 981 45 -", "1 k7 2 981 45 -", "1 k7xx 2 981 45 -",
        "1 k7x 0 981 45 -", "1 k7x 7 981 45 -", "1 k7x - - 45 -", "1 k7x 2 0 45 -", "1 k7x 2 -1 45 -",
        "1 k7x 2 981 -1 -", "1 k7x 2 981 45", "1 k7x 2 981 45 ", "1 k7x 2 981 45 2", "1 k7x 2 981 45 11",
        "1 k7x 2 981 45 -\n\n", "1 k7x 2 981 45 - x", "1  k7x 2 981 45 -", "1 k7x 2 9999999999999999999 45 -",
        "1 k7x 2 981 9999999999999999 -", "1 k7x ٢ 981 45 -", "1 k7x 2 981 4 5 -",
    ])
    func `anything else is no line`(_ text: String) { #expect(self.line(text) == nil) }

    @Test func `a look knows exactly the requests that were counted, whatever came since`() {
        var tally = HAProxyTally(token: "k7x")
        for number in 1...10 { self.take(&tally, "1 k7x 1 \(number) \(number) \(number % 2 == 0 ? "1" : "-")") }
        #expect(tally.reaches([0: 10, 1: 0]))
        #expect(!tally.reaches([0: 11]))
        let at6 = tally.look(0, at: 6)
        #expect(at6.timed == 6 && at6.newcomers == 3)
        #expect(at6.times[..<6].allSatisfy { $0 == 1 } && at6.times[6...].allSatisfy { $0 == 0 })
        let at10 = tally.look(0, at: 10)
        #expect(at10.timed == 10 && at10.newcomers == 5 && at10.times.reduce(0, +) == 10)
        #expect(tally.look(1, at: 0).timed == 0)
    }

    @Test func `a lost line is missing for ever, later ones don't stand in for it`() {
        var tally = HAProxyTally(token: "k7x")
        for number in [1, 2, 5, 6, 7] { self.take(&tally, "1 k7x 3 \(number) 9 -") }
        #expect(tally.reaches([2: 5]))
        #expect(tally.look(2, at: 5).timed == 3)
        #expect(tally.look(2, at: 7).timed == 5)
        // Twice, or late.
        self.take(&tally, "1 k7x 3 7 9 -")
        self.take(&tally, "1 k7x 3 3 9 -")
        #expect(tally.look(2, at: 7).timed == 5)
    }

    @Test func `however many lines came since a look, the next one is no less`() {
        var tally = HAProxyTally(token: "k7x")
        for number in 1...100 { self.take(&tally, "1 k7x 1 \(number) 3 -") }
        #expect(tally.look(0, at: 90).timed == 90)
        for number in 101...(100 + HAProxyTally.memory) { self.take(&tally, "1 k7x 1 \(number) 3 -") }
        #expect(tally.look(0, at: 95).timed == 90, "too long ago to know more")
        #expect(tally.look(0, at: 150).timed == 150)
        #expect(tally.look(0, at: 100 + HAProxyTally.memory).timed == 100 + HAProxyTally.memory)
    }

    @Test func `a new control plane goes on from the last look; damaged ones count for nothing`() {
        var tally = HAProxyTally(token: "k7x")
        for number in 1...8 { self.take(&tally, "1 k7x 1 \(number) 20 1") }
        _ = tally.look(0, at: 5)
        var next = HAProxyTally(token: "k7x", earlier: tally.looked)
        self.take(&next, "1 k7x 1 12 20 1")
        let look = next.look(0, at: 12)
        #expect(look.timed == 6 && look.newcomers == 6)
        var damaged = tally.looked
        damaged[0].times[0] = -3
        damaged[1].times = [1]
        damaged[2].newcomers = 1
        var fresh = HAProxyTally(token: "k7x", earlier: damaged + damaged)
        #expect((0..<3).allSatisfy { fresh.look($0, at: 100) == HAProxyTimes() })
    }

    @Test func `bounds: each time is in the first place that it does not exceed`() {
        for (milliseconds, index) in [(0, 0), (1, 0), (2, 1), (9, 8), (10, 8), (11, 9), (10_240, 48), (10_241, 49)] {
            #expect(LatencyBounds.index(of: milliseconds) == index)
        }
        #expect(LatencyBounds.index(of: .max) == LatencyBounds.milliseconds.count)
    }
}
