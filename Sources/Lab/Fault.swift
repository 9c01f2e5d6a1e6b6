/// How a door behaves at one call.
package enum Fault: String, Sendable, Codable, CaseIterable {
    case none
    /// Not done; doing it again may help.
    case failsForNow
    /// Not done; doing it again does not help.
    case failsForGood
    /// Done or not, no answer ever comes.
    case hangs
    case hangsAfterItDid
    /// Says that it did, and did not.
    case liesDone
    /// Did, and says that it could not.
    case liesFailed
    /// Reaches the world, and answers, later.
    case isLate
    /// Did it and answers twice.
    case answersTwice

    package var words: String {
        switch self {
        case .none: "done"
        case .failsForNow: "fails for now"
        case .failsForGood: "fails for good"
        case .hangs: "hangs and does nothing"
        case .hangsAfterItDid: "is done and never answers"
        case .liesDone: "says done and is not"
        case .liesFailed: "is done and says failed"
        case .isLate: "reaches the world late"
        case .answersTwice: "is done and answers twice"
        }
    }
}
