import Core
import Testing

@Suite struct VersionRangeTests {
    @Test(arguments: [
        ("1.4.0", ["1.4.0", "1.4.0+linux"], ["1.4.1", "1.3.9", "1.4.0-rc.1"]),
        ("=1.4", ["1.4.0"], ["1.4.1"]),
        (">=1.4", ["1.4.0", "1.4.7", "2.0.0"], ["1.3.9", "1.4.0-rc.1"]),
        (">1.4 <=2", ["1.4.1", "2.0.0"], ["1.4.0", "2.0.1"]),
        (">=1.4.2  <2", ["1.4.2", "1.99.0", "2.0.0-rc.1"], ["2.0.0", "1.4.1"]),
    ])
    func `a range holds what every comparison holds for`(text: String, inside: [String], outside: [String]) throws {
        let range = try #require(VersionRange(text))
        for version in inside { #expect(range.contains(version), "\(version)") }
        for version in outside + ["", "x", "v1.4.0"] { #expect(!range.contains(version), "\(version)") }
        #expect(VersionRange(range.description) == range)
    }

    @Test(arguments: [
        "", " ", "1.4", "1", "v1.4.0", ">=", ">=x", "^1.4", "~1.4", "1.4.0 1.5.0", ">=1.4.x", ">=1.2.3.4", ">= 1.4",
        ">=1 >=1 >=1 >=1 >=1", ">=1.4-rc", "*",
    ])
    func `what is no range is none`(text: String) { #expect(VersionRange(text) == nil) }
}

@Suite struct DependencyGraphTests {
    private static func name(_ number: Int) throws -> ServiceName { try #require(ServiceName("s\(number)")) }

    @Test func `a circle is named from where it closes, and a diamond is none`() throws {
        let names = try (0..<4).map(Self.name)
        let diamond = DependencyGraph([
            names[0]: [names[1], names[2]], names[1]: [names[3]], names[2]: [names[3]],
        ])
        #expect(diamond.cycle(from: names[0]) == nil)
        let circle = DependencyGraph([names[0]: [names[1]], names[1]: [names[2]], names[2]: [names[1]]])
        #expect(circle.cycle(from: names[0]) == [names[1], names[2], names[1]])
        #expect(DependencyGraph([names[0]: [names[0]]]).cycle(from: names[0]) == [names[0], names[0]])
    }

    @Test(arguments: [UInt64.random(in: 0...UInt64.max)])
    func `a circle is found where taking away what needs nothing leaves something`(seed: UInt64) throws {
        var random = Splitmix(state: seed)
        for round in 0..<2_000 {
            let count = 2 + Int(random.next() % 6)
            let names = try (0..<count).map(Self.name)
            var edges: [ServiceName: [ServiceName]] = [:]
            for name in names { edges[name] = names.filter { $0 != name && random.next() % 5 == 0 } }
            let found = names.compactMap { DependencyGraph(edges).cycle(from: $0) }
            var left = Set(names)
            while let free = left.first(where: { name in edges[name]?.allSatisfy { !left.contains($0) } ?? true }) {
                left.remove(free)
            }
            #expect(found.isEmpty == left.isEmpty, "seed \(seed), round \(round)")
            for cycle in found {
                #expect(cycle.count > 1 && cycle.first == cycle.last)
                for (one, next) in zip(cycle, cycle.dropFirst()) {
                    #expect(edges[one]?.contains(next) == true, "seed \(seed), round \(round)")
                }
            }
        }
    }
}

/// Numbers by chance from a seed (Steele, Lea, Flood: SplitMix64).
struct Splitmix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        self.state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = self.state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
