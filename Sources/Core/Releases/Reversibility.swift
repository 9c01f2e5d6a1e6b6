/// Whether there is a way back from a release, as its file declares it.
package enum Reversibility: Sendable, Equatable, Codable {
    case reversible
    /// Until this step of its deployment; from then on the only way is forward.
    case until(PointOfNoReturn, because: String)
    /// Once it has traffic the only way is forward.
    case forwardOnly(because: String)

    /// As people read it.
    package var inWords: String {
        switch self {
        case .reversible: "reversible"
        case .until(let step, let because): "reversible until \(step.inWords): \(because)"
        case .forwardOnly(let because): "forward only: \(because)"
        }
    }
}

/// Steps of a deployment that can be the last from which there is a way back.
package enum PointOfNoReturn: String, Sendable, Codable, CaseIterable {
    /// All traffic goes to it.
    case fullTraffic
    /// Its task `afterTraffic` begins.
    case afterTraffic
    /// Its bake begins.
    case bake
    /// Its bake has ended.
    case bakeEnd

    package var inWords: String {
        switch self {
        case .fullTraffic: "all traffic goes to it"
        case .afterTraffic: "its task after the switch begins"
        case .bake: "its bake begins"
        case .bakeEnd: "its bake has ended"
        }
    }
}

/// What a release does to stored data, one of three in this order: add what the new form needs, use both, take the old form away.
package enum DataPhase: String, Sendable, Codable, CaseIterable {
    case expand, migrate, contract

    package var inWords: String {
        switch self {
        case .expand: "expands its data: older versions can work on it"
        case .migrate: "migrates its data: the version before can work on it"
        case .contract: "contracts its data: no older version can work on it"
        }
    }
}

/// A breaking change of a format is two releases: one that reads both forms (prepare) and one that writes the new one (activate). The
/// second names the first.
package struct Prerequisite: Sendable, Equatable, Codable {
    package let versions: VersionRange
    /// So long the first must have been verified in the same environment, without anything older between.
    package let bakedFor: Milliseconds

    package init(versions: VersionRange, bakedFor: Milliseconds) {
        self.versions = versions
        self.bakedFor = bakedFor
    }
}

extension RunConfiguration {
    /// What the file declares, or what follows from what it says.
    package var wayBack: Reversibility {
        if let reversibility { return reversibility }
        if !self.reversible { return .forwardOnly(because: "its file says `reversible: false`") }
        if self.tasks.before?.irreversible == true {
            return .forwardOnly(because: "its task `before` can't be undone")
        }
        if self.tasks.afterTraffic?.irreversible == true {
            return .until(.afterTraffic, because: "its task `afterTraffic` can't be undone")
        }
        if self.tasks.afterBake?.irreversible == true {
            return .until(.bakeEnd, because: "its task `afterBake` can't be undone")
        }
        return .reversible
    }
}

extension RunConfiguration {
    /// What stands beside the word `built` wherever a promotion is decided on; empty where nothing is said and there is a way back.
    package var wayBackInWords: String {
        let isSaid = self.reversibility != nil || self.data != nil || self.wayBack != .reversible
        return isSaid ? "; \(self.wayBack.inWords)" + (self.data.map { "; it \($0.inWords)" } ?? "") : ""
    }
}

/// At the start of a step of a plan there ceases to be a way back.
package struct NoReturn: Sendable, Equatable, Codable {
    /// Index into the plan's steps; their count: when all are done.
    package let step: Int
    /// The oldest deployment of the lane that can still be gone back to; nil: this one.
    package let keeps: Int?
    package let because: String

    package init(step: Int, keeps: Int?, because: String) {
        self.step = step
        self.keeps = keeps
        self.because = because
    }
}

extension Plan {
    /// Where the declared ways back of a release end in these steps; nil: nowhere, or as `reversible` alone says.
    static func noReturns(_ steps: [Step], _ release: RunConfiguration, preparedBy prepared: Int?) -> [NoReturn]? {
        let firstTraffic = steps.firstIndex { if case .shift = $0 { true } else { false } } ?? steps.count
        var found: [NoReturn] = []
        if let needs = release.needs, let prepared {
            found.append(
                NoReturn(
                    step: firstTraffic, keeps: prepared,
                    because: "it was prepared by \(needs.versions), and nothing older can work with what it writes"))
        }
        switch release.reversibility {
        case nil, .reversible: break
        case .until(let point, let because):
            found.append(NoReturn(step: point.index(in: steps), keeps: nil, because: because))
        case .forwardOnly(let because): found.append(NoReturn(step: firstTraffic, keeps: nil, because: because))
        }
        return found.isEmpty ? nil : found
    }
}

extension PointOfNoReturn {
    /// Where it lies in the steps; an environment without such a step passes it at the end.
    fileprivate func index(in steps: [Step]) -> Int {
        let index = steps.firstIndex { step in
            switch (self, step) {
            case (.fullTraffic, .shift(.all)), (.afterTraffic, .task(.afterTraffic, _)), (.bake, .bake),
                (.bakeEnd, .task(.afterBake, _)):
                true
            case (.fullTraffic, _), (.afterTraffic, _), (.bake, _), (.bakeEnd, _): false
            }
        }
        return index ?? steps.count
    }
}

extension Lane {
    /// The unbroken run of releases of a range that is verified here now: since when, and its first deployment. What was gone back from
    /// breaks nothing. nil: what is verified here now is not one of them.
    package func standing(_ versions: VersionRange, besides release: ReleaseID) -> (since: Instant, number: Int)? {
        let kept = self.history.filter { !$0.isWithdrawn }
        guard self.stable != nil, kept.last?.leftAt == nil else { return nil }
        let run = kept.reversed().prefix { $0.release != release && versions.contains($0.candidate.version) }
        return run.last.map { ($0.verifiedAt, $0.number) }
    }
}
