package import Core
import Foundation

/// One-line mistakes that somebody could make in the lane. The explorer must find each of them.
package enum PlantedBug: String, Sendable, CaseIterable {
    /// An abort forgets to block the release.
    case skipsTheBlock
    /// An abort ends without asking for the traffic back.
    case keepsTheTraffic
    /// A rollback leaves no hold.
    case forgetsTheHold
    /// Instances are stopped before the router confirmed that nothing is sent to them.
    case retiresBeforeConfirmed
    /// A health check that did not pass counts as passed.
    case takesSickForReady
    /// Something newer is admitted while a deployment runs, and that one is not ended.
    case admitsASecond
    /// Automation lets something newer take over from what a person started.
    case supersedesPeople
    /// The clock of a step runs on while a person has paused.
    case ignoresThePause
    /// After a pause the deadline is not moved.
    case forgetsThePausedTime
    /// The wait of a bake or hold ends at the first tick.
    case endsTheWaitEarly
    /// A change of the routing does not raise the generation.
    case reusesTheGeneration
    /// The verdict on another deployment counts for this one.
    case countsForeignVerdicts
    /// The schedule may lift a block, as if a person had.
    case letsAutomationUnblock
    /// The schedule may let the next take over, as if a person had.
    case letsAutomationHandOver
    /// A bake that is handed over ends at once, as if its time were over.
    case endsTheBakeHandedOver
    /// The release team is never told that its alert period is over.
    case forgetsTheAlertsEnd
    /// Nothing wakes the lane at its deadline.
    case forgetsToWake
}

/// The lane as it is, or with one planted bug around it.
package struct LaneUnderTest: Sendable, Equatable {
    package private(set) var lane = Lane()
    package let bug: PlantedBug?

    package init(bug: PlantedBug? = nil) { self.bug = bug }

    package func decide(_ input: Lane.Input) throws(Refusal) -> [Lane.Event] {
        guard let bug else { return try self.lane.decide(input) }
        return try self.decide(input, with: bug)
    }

    package mutating func apply(_ event: Lane.Event) throws(IllegalEvent) { try self.lane.apply(event) }

    package var pending: [Lane.Effect] {
        switch self.bug {
        case nil: return self.lane.pending
        case .retiresBeforeConfirmed:
            let retiring = self.lane.capacities.values.filter { $0.state == .retiring }.map(\.number).sorted()
            return retiring.map { .retire(capacity: $0) } + self.lane.pending
        case .supersedesPeople, .admitsASecond:
            let isQueued = !self.lane.queue.isEmpty && self.lane.deployment?.phase == .running
            return self.lane.pending + (isQueued ? [.evaluate] : [])
        case .forgetsToWake: return self.lane.pending.filter { if case .wake = $0 { false } else { true } }
        default: return self.lane.pending
        }
    }
}

// MARK: - The bugs

extension LaneUnderTest {
    private func decide(_ input: Lane.Input, with bug: PlantedBug) throws(Refusal) -> [Lane.Event] {
        switch bug {
        case .retiresBeforeConfirmed, .forgetsToWake: return try self.lane.decide(input)
        case .skipsTheBlock: return try self.lane.decide(input).filter { if case .blocked = $0 { false } else { true } }
        case .forgetsTheHold: return try self.lane.decide(input).filter { if case .held = $0 { false } else { true } }
        case .forgetsTheAlertsEnd:
            return try self.lane.decide(input).filter { if case .alertPeriodEnded = $0 { false } else { true } }
        case .keepsTheTraffic: return try self.keepsTheTraffic(input)
        case .takesSickForReady:
            guard case .answer(.capacityFailed(let number, _, _), let now) = input else { break }
            return try self.lane.decide(.answer(.capacityReady(number), at: now))
        case .admitsASecond:
            guard case .evaluated = input, self.lane.deployment?.phase == .running else { break }
            return try self.supersedable.decide(input).filter { if case .ended = $0 { false } else { true } }
        case .supersedesPeople:
            guard case .evaluated = input, self.lane.deployment?.phase == .running else { break }
            return try self.supersedable.decide(input)
        case .ignoresThePause:
            guard case .tick = input, self.lane.deployment?.pause != nil else { break }
            return try self.patched { $0["deployment", "pause"] = nil }.decide(input)
        case .forgetsThePausedTime:
            guard case .intent(.resume(let number, let reason), let actor, _) = input,
                let since = self.lane.deployment?.pause?.since
            else { break }
            return try self.lane.decide(.intent(.resume(number: number, reason: reason), by: actor, at: since))
        case .endsTheWaitEarly:
            guard case .tick(let now) = input, self.lane.deployment?.currentStep?.wait != nil,
                self.lane.deployment?.pause == nil,
                let events = try? self.lane.decide(
                    .intent(.skip(number: nil, reason: ""), by: .person("nobody"), at: now))
            else { break }
            return events
        case .reusesTheGeneration:
            return try self.lane.decide(input).map { event in
                guard case .routingWanted(let routing) = event else { return event }
                var same = routing
                same.generation -= 1
                return .routingWanted(same)
            }
        case .countsForeignVerdicts:
            guard case .answer(.verified(_, let verdict, let summary, let lines), let now) = input,
                let running = self.lane.deployment?.number
            else { break }
            return try self.lane.decide(
                .answer(.verified(number: running, verdict, summary: summary, lastLines: lines), at: now))
        case .letsAutomationUnblock:
            guard case .intent(.unblock(let release, let reason), _, let now) = input else { break }
            return try self.lane.decide(.intent(.unblock(release, reason: reason), by: .person("nobody"), at: now))
        case .letsAutomationHandOver:
            guard case .intent(let intent, _, let now) = input, case .handOver = intent else { break }
            return try self.lane.decide(.intent(intent, by: .person("nobody"), at: now))
        case .endsTheBakeHandedOver:
            guard case .intent(.handOver(let number, let reason), let actor, let now) = input,
                self.lane.deployment?.bakes == true
            else { break }
            return try self.lane.decide(.intent(.skip(number: number, reason: reason), by: actor, at: now))
        }
        return try self.lane.decide(input)
    }

    private func keepsTheTraffic(_ input: Lane.Input) throws(Refusal) -> [Lane.Event] {
        let events = try self.lane.decide(input)
        let isAbort = events.contains { if case .aborted = $0 { true } else { false } }
        return isAbort ? events.filter { if case .routingWanted = $0 { false } else { true } } : events
    }

    /// The lane as it would be if automation had started the deployment, and the newest always took over.
    private var supersedable: Lane {
        self.patched {
            $0["deployment", "by"] = "schedule"
            $0["deployment", "pause"] = nil
            $0["deployment", "plan", "policy"] = "latest"
        }
    }

    /// A lane that no history made: its stored form, changed. What can't be read stays as it was.
    private func patched(_ change: (inout Stored) -> Void) -> Lane {
        guard let bytes = try? JSONEncoder().encode(self.lane),
            let fields = try? JSONSerialization.jsonObject(with: bytes) as? [String: Any]
        else { return self.lane }
        var stored = Stored(fields: fields)
        change(&stored)
        guard let changed = try? JSONSerialization.data(withJSONObject: stored.fields),
            let lane = try? JSONDecoder().decode(Lane.self, from: changed)
        else { return self.lane }
        return lane
    }
}

/// JSON by path.
private struct Stored {
    var fields: [String: Any]

    subscript(path: String...) -> Any? {
        get { path.reduce(self.fields as Any?) { ($0 as? [String: Any])?[$1] } }
        set { self.fields = Self.set(path[...], newValue, in: self.fields) }
    }

    private static func set(_ path: ArraySlice<String>, _ value: Any?, in fields: [String: Any]) -> [String: Any] {
        guard let key = path.first else { return fields }
        var fields = fields
        if path.count == 1 {
            fields[key] = value
        } else if let inner = fields[key] as? [String: Any] {
            fields[key] = Self.set(path.dropFirst(), value, in: inner)
        }
        return fields
    }
}
