import Foundation

/// SplitMix64: the same steps for the same seed (Steele, Lea, Flood 2014).
struct Steps: RandomNumberGenerator {
    var state: UInt64

    /// `SLIPWAY_SEED` plays the same steps again.
    static var chosenSeed: UInt64 {
        ProcessInfo.processInfo.environment["SLIPWAY_SEED"].flatMap { UInt64($0) }
            ?? UInt64.random(in: 1...UInt64(Int.max))
    }

    mutating func next() -> UInt64 {
        self.state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = self.state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
