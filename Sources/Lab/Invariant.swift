/// What must hold after every event of every history: DESIGN section 3, by number.
package enum Invariant: String, Sendable, CaseIterable, CustomStringConvertible {
    // 1
    case trafficOnlyToAdmitted, trafficOnlyToReady
    // 2
    case weightsAddUp
    // 3
    case abortBlocks, abortReturnsTraffic, onlyPeopleLiftBlocks, guardsBind
    // 4
    case oneDeployment, supersedesOnlyItsOwn
    // 5
    case everyStateHasAnExit, wakesAreAhead, comesToRest, clockStandsStillInAPause
    // 7, 8
    case rollbackToVerifiedOnly, rollbackLeavesAHold, noRollbackOfARollback
    // 9
    case refoldIsTheSame, worldAgreesAtRest
    // 10
    case alertPeriodIsTheBake
    // 13
    case verdictBeforeWidening
    // 14
    case generationsRise, retiresOnlyTheUnused, stopsOnlyWhatIsUnused
    // 15
    case stableOnlyAfterTheEnd, waitsAreWaited
    // 16
    case verdictOnlyOnWhatRuns, answersCountOnce, foreignAnswersDoNotCount
    /// The machine wrote what its own fold refuses.
    case historyIsLegal

    /// The number in DESIGN section 3.
    package var rule: Int {
        switch self {
        case .trafficOnlyToAdmitted, .trafficOnlyToReady: 1
        case .weightsAddUp: 2
        case .abortBlocks, .abortReturnsTraffic, .onlyPeopleLiftBlocks, .guardsBind: 3
        case .oneDeployment, .supersedesOnlyItsOwn: 4
        case .everyStateHasAnExit, .wakesAreAhead, .comesToRest, .clockStandsStillInAPause: 5
        case .rollbackToVerifiedOnly: 7
        case .rollbackLeavesAHold, .noRollbackOfARollback: 8
        case .refoldIsTheSame, .worldAgreesAtRest, .historyIsLegal: 9
        case .alertPeriodIsTheBake: 10
        case .verdictBeforeWidening: 13
        case .generationsRise, .retiresOnlyTheUnused, .stopsOnlyWhatIsUnused: 14
        case .stableOnlyAfterTheEnd, .waitsAreWaited: 15
        case .verdictOnlyOnWhatRuns, .answersCountOnce, .foreignAnswersDoNotCount: 16
        }
    }

    package var description: String { "\(self.rawValue) (invariant \(self.rule))" }
}

/// Where a history broke an invariant.
package struct Violation: Error, Sendable, Equatable, CustomStringConvertible {
    package let invariant: Invariant
    package let what: String

    package init(_ invariant: Invariant, _ what: String) {
        self.invariant = invariant
        self.what = what
    }

    package var description: String { "\(self.invariant): \(self.what)" }
}
