package import Core
import Ports

extension ControlPlane {
    /// Lets one waiting promotion enter beside what it was never verified together with; for all others the gate stays.
    package func overrideCombination(of promotion: Int, in id: LaneID, reason: String, by caller: Caller) async throws
        -> Lane.CombinationOverridden
    {
        try await self.authorize(caller, .operate, on: .lane(id))
        _ = try await self.known(id)
        guard !reason.isEmpty else {
            throw Refusal(.invalid, "An override needs its reason, for the record: `--reason …`.")
        }
        return try await self.journal.retrying {
            let lane = try await self.journal.lane(id)
            let rules = AdmissionRules(machines: self.journal, windows: self.windows, id: id)
            guard let queued = lane.machine.queue.first(where: { $0.number == promotion }),
                var ground = try await rules.ground()
            else {
                throw Refusal(
                    .notFound,
                    "Promotion \(promotion) does not wait in \(id). `slipway queue` shows what waits, and for what.")
            }
            let combination = try await rules.combination(queued, &ground)
            guard let combination, combination.isUnproven else {
                let why = combination.map { ": \($0.gate.reason)" } ?? "."
                throw Refusal(
                    .nothingToDo,
                    "No combination that was never verified keeps promotion \(promotion) of \(id) waiting\(why)")
            }
            let now = self.journal.time.now()
            let events = try lane.machine.decide(
                .intent(
                    .overrideCombination(number: promotion, with: combination.with, reason: reason), by: caller.actor,
                    at: now))
            ground.readings[lane.stream] = nil
            let reading = ground.readings.map { StreamReading(stream: $0.key, number: $0.value) }
            if let draft = try self.journal.draft(lane, events) {
                try await self.journal.append([draft], reading: reading, by: caller.actor, at: now)
            }
            for case .combinationOverridden(let body) in events { return body }
            throw Refusal(.nothingToDo, "No combination keeps promotion \(promotion) of \(id) waiting.")
        }
    }

    /// What a service depends on must be known, and no circle may come of it.
    func checkDependencies(of definition: Definition) async throws {
        guard let needs = definition.dependsOn, !needs.isEmpty else { return }
        var edges: [ServiceName: [ServiceName]] = [:]
        for row in try await self.journal.ledger.rows(.services, scope: nil, after: nil, limit: 10_000) {
            guard let name = ServiceName(row.key), let body = row.body else { continue }
            edges[name] = try EventJSON.decode(ServiceRow.self, from: body).dependsOn ?? []
        }
        edges[definition.service] = needs.map(\.service)
        if let unknown = needs.first(where: { edges[$0.service] == nil }) {
            let known = edges.keys.filter { $0 != definition.service }.sorted().map(\.text).joined(separator: ", ")
            throw Refusal(
                .notFound,
                "\(definition.service) depends on `\(unknown.service)`, which was never applied here. Known: "
                    + "\(known.isEmpty ? "none" : known). Apply that one first.")
        }
        if let cycle = DependencyGraph(edges).cycle(from: definition.service) {
            throw Refusal(
                .invalid,
                "\(cycle.map(\.text).joined(separator: " depends on ")): a circle, so none could move before the others. "
                    + "Take one `dependsOn` out.")
        }
    }
}
