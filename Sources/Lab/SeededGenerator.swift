/// SplitMix64 (Steele, Lea, Flood 2014): the same seed gives the same numbers on every machine.
package struct SeededGenerator: RandomNumberGenerator, Sendable {
    private var state: UInt64

    package init(seed: UInt64) { self.state = seed }

    /// The generator of one history among many: neighbours have nothing in common.
    package init(seed: UInt64, history: Int) {
        var mixer = SeededGenerator(seed: seed &+ UInt64(history) &* 0xD1B5_4A32_D192_ED03)
        self.state = mixer.next()
    }

    package mutating func next() -> UInt64 {
        self.state &+= 0x9E37_79B9_7F4A_7C15
        var word = self.state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }

    /// 0 to `bound` - 1. The bias is under 2^-32 for the small bounds used here.
    package mutating func below(_ bound: Int) -> Int {
        Int(((self.next() >> 32) &* UInt64(bound)) >> 32)
    }

    package mutating func chance(_ percent: Int) -> Bool { self.below(100) < percent }

    package mutating func pick<T>(_ choices: [T]) -> T { choices[self.below(choices.count)] }
}
