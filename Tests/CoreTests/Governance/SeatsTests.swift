import Core
import Testing

struct SeatsTests {
    @Test func `somebody whom two rules could use goes to the one that has nobody else`() {
        let rules = [Seats.Rule(people: ["ana", "ben"], count: 1), Seats.Rule(people: ["ana"], count: 1)]
        let seats = Seats(rules, filledBy: ["ana", "ben"])
        #expect(seats.isSatisfied)
        #expect(seats.ruleOf == ["ben": 0, "ana": 1])
    }

    @Test func `one member of two groups fills one seat, and the later rule misses its own`() {
        let rules = [Seats.Rule(people: ["ana"], count: 1), Seats.Rule(people: ["ana"], count: 1)]
        #expect(Seats(rules, filledBy: ["ana"]).missing == [0, 1])
    }

    @Test func `whoever no rule asks fills nothing`() {
        #expect(Seats([Seats.Rule(people: ["ana"], count: 2)], filledBy: ["ana", "eve"]).missing == [1])
    }

    @Test func `on random rules the seats are filled as brute force fills them`() {
        var generator = Numbers(state: 20_261_124)
        print("seed 20261124")
        var (satisfied, short) = (0, 0)
        for _ in 0..<10_000 {
            let people = (0..<Int.random(in: 0...6, using: &generator)).map { "p\($0)" }
            let rules = (0..<Int.random(in: 1...4, using: &generator)).map { _ in
                Seats.Rule(
                    people: Set(people.filter { _ in Bool.random(using: &generator) }),
                    count: Int.random(in: 1...3, using: &generator))
            }
            let speakers = Set(people.filter { _ in Int.random(in: 0..<4, using: &generator) > 0 })
            let seats = Seats(rules, filledBy: speakers)
            #expect(seats.missing == Self.bruteForce(rules, speakers), "\(rules) by \(speakers)")
            // The assignment is one: everybody sits where they were asked, and the seats add up.
            for (person, rule) in seats.ruleOf {
                #expect(speakers.contains(person) && rules[rule].people.contains(person))
            }
            for (index, rule) in rules.enumerated() {
                #expect(seats.ruleOf.values.count { $0 == index } == rule.count - seats.missing[index])
            }
            if seats.isSatisfied { satisfied += 1 } else { short += 1 }
        }
        #expect(satisfied > 1_000 && short > 1_000)
    }

    /// Every way to seat everybody, or not; the fullest, and of those the one that misses least in the earliest rules.
    private static func bruteForce(_ rules: [Seats.Rule], _ people: Set<String>) -> [Int] {
        var best = rules.map(\.count)
        func isBetter(_ one: [Int], _ other: [Int]) -> Bool {
            let (sum, otherSum) = (one.reduce(0, +), other.reduce(0, +))
            return sum == otherSum ? one.lexicographicallyPrecedes(other) : sum < otherSum
        }
        func place(_ rest: ArraySlice<String>, _ missing: [Int]) {
            if isBetter(missing, best) { best = missing }
            guard let person = rest.first else { return }
            place(rest.dropFirst(), missing)
            for (index, rule) in rules.enumerated() where missing[index] > 0 && rule.people.contains(person) {
                var next = missing
                next[index] -= 1
                place(rest.dropFirst(), next)
            }
        }
        place(people.sorted()[...], best)
        return best
    }
}

/// SplitMix64 (Steele, Lea, Flood 2014).
private struct Numbers: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        self.state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = self.state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
