package import Core
import Ports

/// Gathers the facts about everything that waits in a lane, and lets the lane decide on them. The streams that were read must not have
/// moved on when the decision is appended; if one did, all is read again.
package struct Admission: Sendable {
    let journal: Journal
    let windows: Windows
    let id: LaneID

    package init(journal: Journal, windows: Windows, id: LaneID) {
        self.journal = journal
        self.windows = windows
        self.id = id
    }

    package func evaluate() async throws -> [Lane.Event] {
        try await self.askForChanges()
        return try await self.journal.retrying {
            let lane = try await self.journal.lane(self.id)
            let rules = AdmissionRules(machines: self.journal, windows: self.windows, id: self.id)
            guard var ground = try await rules.ground() else { return [] }
            let now = self.journal.time.now()
            var evaluations: [Lane.Evaluation] = []
            for queued in lane.machine.queue {
                evaluations.append(try await rules.evaluate(queued, in: lane.machine, on: &ground, at: now))
            }
            let events = try lane.machine.decide(.evaluated(evaluations, at: now))
            guard let draft = try self.journal.draft(lane, events) else { return [] }
            let others = try await LaneJournal(self.journal)
                .consequences(of: events, in: self.id, before: lane.machine, at: now)
            let written = Set(others.map(\.batch.stream))
            let reading = ground.readings.filter { !written.contains($0.key) }
                .map { StreamReading(stream: $0.key, number: $0.value) }
            try await self.journal.append([draft] + others, reading: reading, by: .system, at: now)
            return events
        }
    }

    /// A definition may have got its approval after the promotion was asked for: people must have something to say yes to. Or another
    /// one says by now how it would be deployed: what they said is void.
    private func askForChanges() async throws {
        try await self.journal.retrying {
            let lane = try await self.journal.lane(self.id)
            let service = try await self.journal.service(self.id.service)
            guard let environment = service.machine.current?[self.id.environment], environment.needsChange else {
                return
            }
            let now = self.journal.time.now()
            var drafts: [Draft] = []
            for queued in lane.machine.queue {
                let change = try await Promoting(journal: self.journal)
                    .change(queued, in: self.id, service.machine, environment, at: now)
                if let change { drafts.append(change) }
            }
            let reading = [lane.stream: lane.number, service.stream: service.number]
                .map { StreamReading(stream: $0.key, number: $0.value) }
            try await self.journal.append(drafts, reading: reading, by: .system, at: now)
        }
    }

}

/// Machines as they stand now (`Journal`), or as they stood at the numbers that a decision names (`PastMachines`).
protocol Machines: Sendable {
    func service(_ name: ServiceName) async throws -> Loaded<Service>
    func release(_ id: ReleaseID) async throws -> Loaded<Release>
    func lane(_ id: LaneID) async throws -> Loaded<Lane>
    func change(_ id: ChangeID) async throws -> Loaded<ChangeRequest>
    /// nil: nobody asked for people's word.
    func change(ifThereIs id: ChangeID) async throws -> Loaded<ChangeRequest>?
    func calendar() async throws -> Loaded<FreezeCalendar>
    /// Services whose definition names this one, by name.
    func dependents(of name: ServiceName) async throws -> [Loaded<Service>]
    func directory() async throws -> Loaded<Directory>
}

extension Journal: Machines {
    func change(ifThereIs id: ChangeID) async throws -> Loaded<ChangeRequest>? {
        let change = try await self.change(id)
        return change.number == 0 ? nil : change
    }
}

/// What the gates of a lane say: the same code decides, and decides again for `audit replay`.
struct AdmissionRules {
    let machines: any Machines
    let windows: Windows
    let id: LaneID

    /// Raised when the same record would be decided otherwise than before; admissions name theirs. Older ones are decided again by the
    /// rules of their time, of which this build keeps the two before (there is none yet).
    static let version = 1

    /// What all that waits in the lane is decided on.
    struct Ground {
        let environment: EnvironmentDefinition
        let service: Service
        let freezes: FreezeGate
        /// The streams that were read so far, at which number.
        var readings: [StreamID: Int]
    }

    /// nil: the environment is not defined (any more).
    func ground() async throws -> Ground? {
        let service = try await self.machines.service(self.id.service)
        guard let definition = service.machine.current, let environment = definition[self.id.environment] else {
            return nil
        }
        let calendar = try await self.machines.calendar()
        let freezes = FreezeGate(
            calendar: calendar.machine, number: calendar.number, windows: self.windows, lane: self.id,
            owner: definition.owner)
        return Ground(
            environment: environment, service: service.machine, freezes: freezes,
            readings: [service.stream: service.number, calendar.stream: calendar.number])
    }

    func evaluate(
        _ queued: QueuedPromotion, in lane: Lane, on ground: inout Ground, at now: Instant
    ) async throws -> Lane.Evaluation {
        let environment = ground.environment
        let release = try await self.machines.release(queued.candidate.release)
        ground.readings[release.stream] = release.number
        let id = ChangeID(self.id, queued.number)
        // An emergency is a change where none is needed, too.
        let change =
            environment.needsChange
            ? try await self.machines.change(id) : try await self.machines.change(ifThereIs: id)
        let emergency = change?.machine.emergency
        var gates = [self.buildGate(release.machine)]
        for before in environment.after {
            let soak = emergency == nil ? environment.soak : nil
            gates.append(try await self.afterGate(queued, before, soak, now, &ground.readings))
        }
        for gate in environment.gates {
            switch gate {
            case .tests: gates.append(self.testsGate(release.machine))
            case .soak: break  // judged with each `after`, which it is about
            case .approval: break  // all approvals of a promotion are one change
            case .like: gates.append(self.likeGate(ground))
            }
        }
        let configuration = release.machine.origin?.configuration ?? RunConfiguration()
        let prepared = self.prepared(configuration.needs, queued, in: lane, at: now)
        if let prepared { gates.append(prepared.gate) }
        gates += try await self.dependencyGates(queued, &ground)
        if let change {
            let author = release.machine.origin?.author
            gates.append(try await self.changeGate(change, queued, environment, author, now, &ground.readings))
        }
        let secrets = self.secrets(
            configuration.run?.secrets ?? [], of: ground.service, environment.name)
        if let gate = secrets.gate { gates.append(gate) }
        gates += ground.freezes.results(for: queued.number, .forward, emergency: emergency, at: now)
        let isFirst = lane.stable == nil && lane.serving.isEmpty
        let plan = Plan.forward(
            environment, configuration, isFirst: isFirst, preparedBy: prepared?.number)
        let readings = ground.readings.sorted { $0.key.description < $1.key.description }
        var facts = AdmissionFacts(
            definition: ground.service.number, gates: gates, readings: readings.map { "\($0.key)@\($0.value)" },
            rules: Self.version)
        facts.secrets = secrets.found.isEmpty ? nil : secrets.found
        (facts.reversibility, facts.data) = (configuration.reversibility, configuration.data)
        return Lane.Evaluation(number: queued.number, facts: facts, plan: plan)
    }

    // MARK: Gates

    /// The values that the release's instances would get now; a missing one keeps it waiting. nil: it names none.
    private func secrets(
        _ names: [SecretName], of service: Service, _ environment: EnvironmentName
    ) -> (found: [SecretVersion], gate: GateResult?) {
        let found = names.compactMap { service.secret($0, of: self.id.service, in: environment) }
        let missing = names.filter { name in !found.contains { $0.name == name } }
        if missing.isEmpty {
            let words = found.map { "\($0.name) version \($0.version)" }.joined(separator: ", ")
            return (found, names.isEmpty ? nil : GateResult(gate: "secrets", verdict: .pass, reason: words))
        }
        let commands = missing.map {
            "`slipway secret set \($0) --service \(self.id.service) --env \(environment)`"
        }
        return (
            found,
            GateResult(
                gate: "secrets", verdict: nil,
                reason:
                    "\(missing.map(\.text).joined(separator: ", ")) \(missing.count == 1 ? "has" : "have") no value for "
                    + "\(self.id) yet: \(commands.joined(separator: ", ")) reads it from standard input")
        )
    }

    private func buildGate(_ release: Release) -> GateResult {
        switch release.phase {
        case .built where release.prunedAt != nil:
            GateResult(gate: "build", verdict: .fail, reason: "its artifact was pruned")
        case .built:
            GateResult(
                gate: "build", verdict: .pass, reason: "built" + (release.origin?.configuration.wayBackInWords ?? ""))
        case .building: GateResult(gate: "build", verdict: nil, reason: "is being built")
        case .failed: GateResult(gate: "build", verdict: .fail, reason: release.reason ?? "the build failed")
        case .unknown: GateResult(gate: "build", verdict: .fail, reason: "there is no such release")
        }
    }

    private func testsGate(_ release: Release) -> GateResult {
        guard let tests = release.tests else {
            return GateResult(
                gate: "tests", verdict: release.phase == .building ? nil : .noData,
                reason: "the build left no test results where `build.tests` says")
        }
        let counts = "\(tests.passed) passed, \(tests.failed + tests.errors) failed, \(tests.skipped) skipped"
        return GateResult(gate: "tests", verdict: tests.verdict, reason: counts)
    }

    /// `after: X` means verified in X; with a soak, verified there for long enough without a break.
    private func afterGate(
        _ queued: QueuedPromotion, _ before: EnvironmentName, _ soak: Milliseconds?, _ now: Instant,
        _ readings: inout [StreamID: Int]
    ) async throws -> GateResult {
        let lane = try await self.machines.lane(LaneID(service: self.id.service, environment: before))
        readings[lane.stream] = lane.number
        let name = "after \(before)"
        guard let stayed = lane.machine.longestStay(of: queued.candidate.release, at: now) else {
            return GateResult(
                gate: name, verdict: nil,
                reason: "\(queued.candidate.version) is not verified in \(before) yet"
                    + self.whatStops(queued.candidate, before, lane.machine))
        }
        guard let soak, stayed < soak else {
            return GateResult(
                gate: name, verdict: .pass,
                reason: "verified in \(before)" + lane.machine.overrides(of: queued.candidate.release))
        }
        let isStill = lane.machine.stable?.candidate.release == queued.candidate.release
        return GateResult(
            gate: name, verdict: nil,
            reason: isStill
                ? "soaks in \(before) for \(soak.words)"
                : "left \(before) before its soak of \(soak.words) was over; promote it there again",
            passesAt: isStill ? now + (soak - stayed) : nil)
    }

    /// A block in the environment before keeps the promotion waiting for good: who set it, why, and what lifts it.
    private func whatStops(_ candidate: Candidate, _ before: EnvironmentName, _ lane: Lane) -> String {
        guard let block = lane.block(of: candidate.release) else { return "" }
        let stopped = lane.stop(of: candidate.release)
        let service = self.id.service
        let lift =
            if let stopped {
                "`slipway retry \(service)/\(before)/\(stopped.number) --reason …` lifts that and tries it again there"
            } else {
                "`slipway block remove \(service)@\(candidate.version) --env \(before) --reason …` lifts that"
            }
        return ": it is blocked there by \(block.by), because: \(block.reason). \(lift), or roll forward with a fix"
    }
}

extension Lane {
    /// What people let pass when this release was verified here the last time, for the record of who relies on it.
    fileprivate func overrides(of release: ReleaseID) -> String {
        guard let number = self.history.last(where: { $0.release == release })?.number else { return "" }
        return (self.skips[number] ?? []).map { "; \($0.by) did not wait for its time: \($0.reason)" }.joined()
    }
}

extension EnvironmentDefinition {
    /// Controlled: a promotion needs an approved change.
    package var needsChange: Bool { !self.approvals.isEmpty }

    package var approvals: [ChangeRequest.Need] {
        self.gates.compactMap { gate in
            switch gate {
            case .approval(let from, let count): ChangeRequest.Need(from: from, count: count)
            case .tests, .soak, .like: nil
            }
        }
    }

    package var soak: Milliseconds? {
        self.gates.compactMap { gate in
            switch gate {
            case .soak(let length): length
            case .tests, .approval, .like: nil
            }
        }.max()
    }
}

extension Milliseconds {
    /// As a person would say it: `90 s`, `10 min`, `2 h`.
    package var words: String {
        switch self.count {
        case let count where count % 3_600_000 == 0 && count > 0: "\(count / 3_600_000) h"
        case let count where count % 60_000 == 0 && count > 0: "\(count / 60_000) min"
        case let count where count % 1_000 == 0: "\(count / 1_000) s"
        default: "\(self.count) ms"
        }
    }
}
