import Core

/// What can go wrong in a history. Counted where it really happened to something, not where it was only drawn.
package enum Trouble: String, Sendable, CaseIterable {
    /// Instances that were ready died.
    case instancesDie
    case routerDies
    /// Instances and router are gone at once, and the engine with them.
    case machineRestarts
    case engineDies
    /// What an engine had begun reached the world after a newer engine had started.
    case oldEffectLands
    case effectLandsLate
    /// The lane did not want the effect any more when its answer came.
    case answerComesTooLate
    case answerComesTwice
    case clockGoesBack
    /// By an hour or more.
    case clockJumpsAhead
    case failsForNow, failsForGood, hangs, hangsAfterItDid, liesDone, liesFailed

    /// What a call of a door met; nil: nothing, or what is counted where it ends.
    init?(_ fault: Fault) {
        switch fault {
        case .none, .isLate, .answersTwice: return nil
        case .failsForNow: self = .failsForNow
        case .failsForGood: self = .failsForGood
        case .hangs: self = .hangs
        case .hangsAfterItDid: self = .hangsAfterItDid
        case .liesDone: self = .liesDone
        case .liesFailed: self = .liesFailed
        }
    }
}

/// What histories went through: in how many of them each trouble, and each kind of event, occurred.
package struct Coverage: Sendable, Equatable {
    package private(set) var troubles: [Trouble: Int] = [:]
    package private(set) var kinds: [String: Int] = [:]
    /// A bake was handed over, and something took over.
    package private(set) var takeOvers = 0

    package init() {}

    mutating func add(_ run: HistoryRun) {
        for trouble in run.troubles { self.troubles[trouble, default: 0] += 1 }
        for kind in Set(run.events.map(\.kind.name)) { self.kinds[kind, default: 0] += 1 }
        if run.events.contains(where: { $0.isTakeOver(in: run.events) }) { self.takeOvers += 1 }
    }

    mutating func add(_ other: Coverage) {
        self.troubles.merge(other.troubles, uniquingKeysWith: +)
        self.kinds.merge(other.kinds, uniquingKeysWith: +)
        self.takeOvers += other.takeOvers
    }

    /// One line, the rarest first.
    package var words: String {
        let troubles = Trouble.allCases.map { ($0.rawValue, self.troubles[$0] ?? 0) }
        let all = troubles + [("take-overs", self.takeOvers)] + self.kinds.map { ($0.key, $0.value) }
        return all.sorted { ($0.1, $0.0) < ($1.1, $1.0) }.map { "\($0.0) \($0.1)" }.joined(separator: ", ")
    }
}

extension Lane.Event {
    fileprivate func isTakeOver(in events: [Lane.Event]) -> Bool {
        guard case .handedOver(let allowed) = self else { return false }
        return events.contains { event in
            guard case .ended(let end) = event else { return false }
            return end.number == allowed.number && end.outcome == .superseded
        }
    }
}
