import Core
import Ports

/// What a promotion would stand beside, and whether that was ever verified together.
struct Combination: Sendable {
    /// As `service@version`, sorted: what is verified in the same environment of the services around.
    let with: [String]
    let gate: GateResult
    /// A person's word could let it through: it is only the evidence that is missing.
    let isUnproven: Bool
}

extension AdmissionRules {
    /// A service that this one needs, or that needs it, in the same environment.
    private struct Neighbour {
        let service: ServiceName
        let lane: Lane
        /// This one needs it.
        let isNeeded: Bool
        /// Versions of this one that it asks for; nil: any, or it asks for none.
        let asks: VersionRange?

        var stands: Candidate? { self.lane.stable?.candidate }
        var word: String? { self.stands.map { "\(self.service)@\($0.version)" } }
    }

    /// Gates about the services around: the versions that it needs, and what was verified together. None where it has to do with nobody.
    func dependencyGates(_ queued: QueuedPromotion, _ ground: inout Ground) async throws -> [GateResult] {
        var gates: [GateResult] = []
        for dependency in ground.service.current?.dependsOn ?? [] {
            guard let versions = dependency.versions,
                let lane = try await self.lane(of: dependency.service, self.id.environment, &ground.readings)
            else { continue }
            gates.append(self.versionGate(dependency.service, versions, lane))
        }
        if let combination = try await self.combination(queued, &ground) { gates.append(combination.gate) }
        return gates
    }

    private func versionGate(_ service: ServiceName, _ versions: VersionRange, _ lane: Lane) -> GateResult {
        let (name, here) = ("needs \(service)", "\(service)/\(self.id.environment)")
        guard let stands = lane.stable?.candidate.version else {
            return GateResult(
                gate: name, verdict: nil, reason: "\(versions) of \(service) must be verified in \(here); nothing is")
        }
        guard versions.contains(stands) else {
            return GateResult(
                gate: name, verdict: nil,
                reason:
                    "\(versions) of \(service) must be verified in \(here); \(stands) is: promote one of those there")
        }
        return GateResult(gate: name, verdict: .pass, reason: "\(stands) is verified in \(here)")
    }

    /// nil: nobody is around, or the environment is none in which it matters (not controlled, and others come after it).
    func combination(_ queued: QueuedPromotion, _ ground: inout Ground) async throws -> Combination? {
        guard let definition = ground.service.current, definition.checksCombinations(in: ground.environment) else {
            return nil
        }
        let around = try await self.neighbours(definition, &ground.readings)
        let with = around.compactMap(\.word).sorted()
        func say(_ reason: String, _ verdict: Verdict? = nil, isUnproven: Bool = false) -> Combination {
            Combination(
                with: with, gate: GateResult(gate: "combination", verdict: verdict, reason: reason),
                isUnproven: isUnproven)
        }
        if let missing = around.first(where: { $0.isNeeded && $0.stands == nil }) {
            return say("it needs \(missing.service), and nothing of that is verified in \(self.id.environment) yet")
        }
        if with.isEmpty { return nil }
        if let moving = around.first(where: { $0.lane.deployment != nil }) {
            let version = moving.lane.deployment?.candidate.version ?? ""
            return say("\(moving.service) \(version) is on its way there just now: it waits for the end of that")
        }
        if let asking = around.first(where: { $0.asks.map { !$0.contains(queued.candidate.version) } ?? false }) {
            return say(
                "\(asking.word ?? asking.service.text) there asks for \(asking.asks?.description ?? "") of "
                    + "\(self.id.service): promote a version of \(asking.service) that takes \(queued.candidate.version)"
            )
        }
        if let override = queued.combination, override.with == with {
            let words = "\(override.by) lets it enter beside \(with.joined(separator: ", ")): \(override.reason)"
            return say(words, .pass)
        }
        let before = definition.before(self.id.environment)
        for place in before {
            if try await self.stoodTogether(queued.candidate, around, in: place, &ground.readings) {
                return say("verified together with \(with.joined(separator: ", ")) in \(place)", .pass)
            }
        }
        let waiting = "\(self.id.service)/\(self.id.environment)/\(queued.number)"
        return say(
            "\(queued.candidate.version) was never verified together with \(with.joined(separator: ", ")) in "
                + "\(before.map(\.text).joined(separator: ", ")): promote these versions there first, or move them as a set. "
                + "`slipway combination override \(waiting) --reason …` lets this one through", isUnproven: true)
    }

    private func neighbours(
        _ definition: Definition, _ readings: inout [StreamID: Int]
    ) async throws -> [Neighbour] {
        var around: [Neighbour] = []
        for dependency in definition.dependsOn ?? [] {
            guard let lane = try await self.lane(of: dependency.service, self.id.environment, &readings) else {
                continue
            }
            around.append(Neighbour(service: dependency.service, lane: lane, isNeeded: true, asks: nil))
        }
        for dependent in try await self.machines.dependents(of: self.id.service) {
            readings[dependent.stream] = dependent.number
            guard let other = dependent.machine.current,
                let lane = try await self.lane(of: other.service, self.id.environment, &readings), lane.stable != nil
            else { continue }
            let asks = other.dependsOn?.first { $0.service == self.id.service }?.versions
            around.append(Neighbour(service: other.service, lane: lane, isNeeded: false, asks: asks))
        }
        return around
    }

    /// nil: the service has no such environment.
    private func lane(
        of name: ServiceName, _ environment: EnvironmentName, _ readings: inout [StreamID: Int]
    ) async throws -> Lane? {
        let service = try await self.machines.service(name)
        readings[service.stream] = service.number
        guard service.machine.current?[environment] != nil else { return nil }
        let lane = try await self.machines.lane(LaneID(service: name, environment: environment))
        readings[lane.stream] = lane.number
        return lane.machine
    }

    /// Was there a moment in which all of these were verified in that environment at once?
    private func stoodTogether(
        _ candidate: Candidate, _ around: [Neighbour], in place: EnvironmentName, _ readings: inout [StreamID: Int]
    ) async throws -> Bool {
        guard let own = try await self.lane(of: self.id.service, place, &readings) else { return false }
        var common = own.stays(of: candidate.release).map { Stay(from: $0.from, until: $0.until) }
        for neighbour in around {
            guard let stands = neighbour.stands else { continue }
            guard !common.isEmpty, let lane = try await self.lane(of: neighbour.service, place, &readings) else {
                return false
            }
            let stays = lane.stays(of: stands.release).map { Stay(from: $0.from, until: $0.until) }
            common = common.flatMap { stay in stays.compactMap { stay.shared(with: $0) } }
        }
        return !common.isEmpty
    }
}

/// A time in which something stood; nil: still does.
private struct Stay {
    let from: Instant
    let until: Instant?

    func shared(with other: Stay) -> Stay? {
        let ends = [self.until, other.until].compactMap(\.self)
        let shared = Stay(from: max(self.from, other.from), until: ends.min())
        return shared.until.map { shared.from < $0 } ?? true ? shared : nil
    }
}

extension Definition {
    /// What stands together matters where a promotion needs an approved change, and at the end of the way.
    fileprivate func checksCombinations(in environment: EnvironmentDefinition) -> Bool {
        !environment.after.isEmpty && (environment.needsChange || self.isLast(environment.name))
    }
}

extension Journal {
    /// Services that need this one, by name. (One whose file names it for the first time at this very moment may be missed: it serves
    /// nothing yet that was promoted knowing it.)
    func dependents(of name: ServiceName) async throws -> [Loaded<Service>] {
        var found: [Loaded<Service>] = []
        for row in try await self.ledger.rows(.services, scope: nil, after: nil, limit: 10_000) {
            guard let body = row.body, let service = ServiceName(row.key) else { continue }
            let summary = try EventJSON.decode(ServiceRow.self, from: body)
            if summary.dependsOn?.contains(name) == true { found.append(try await self.service(service)) }
        }
        return found.sorted { $0.stream.description < $1.stream.description }
    }
}
