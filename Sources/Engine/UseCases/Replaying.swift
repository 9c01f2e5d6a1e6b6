package import Core
import Ports

/// What a replay found: how much was decided again, and where the answer is another one now.
package struct ReplayReport: Sendable, Equatable {
    /// One answer that is another one now.
    package struct Difference: Sendable, Equatable {
        package var stream: StreamID
        package var number: Int
        /// `gates`, `plan`, `verdict`, or `decision`.
        package var what: String
        package var recorded: String
        package var again: String
    }

    /// Admissions: gates, plan.
    package var admissions = 0
    /// Verdicts of the judge, from the stored observations.
    package var verdicts = 0
    /// What lanes did upon a verdict.
    package var decisions = 0
    /// Admissions before they named all that they read: only what they name could be looked at.
    package var notOnRecord = 0
    /// All of them; `differences` holds the first `mostDifferences`.
    package var differing = 0
    package var differences: [Difference] = []

    package static let mostDifferences = 200

    mutating func add(_ difference: Difference) {
        self.differing += 1
        if self.differences.count < Self.mostDifferences { self.differences.append(difference) }
    }
}

extension ControlPlane {
    /// Decides again from the record what was decided in the lanes of a service (nil: of all), by the same code. Writes nothing.
    package func replay(_ service: ServiceName?, by caller: Caller) async throws -> ReplayReport {
        try await self.authorize(caller, .view, on: service.map { .service($0) } ?? .organisation, "the audit")
        if let service { _ = try await self.known(service) }
        var report = ReplayReport()
        let windows = Windows(zones: self.windows.zones)
        for head in try await self.journal.ledger.heads() {
            guard case .lane(let id) = head.stream, service == nil || id.service == service else { continue }
            var replay = LaneReplay(ledger: self.journal.ledger, windows: windows, id: id, report: report)
            report = try await replay.run(upTo: head.number)
        }
        return report
    }
}

/// Goes through one lane's events in order: before each decision the lane stands as it stood then.
private struct LaneReplay {
    let ledger: any Ledger
    let windows: Windows
    let id: LaneID
    var report: ReplayReport
    private var past: PastMachines.Reader
    private var lane = Lane()
    /// What the lane would write after a verdict, not seen yet.
    private var expected: ArraySlice<Lane.Event> = []
    private var verdicts: [Said] = []
    /// The clock of the step before the running one: the judge may have looked at it when the next one began.
    private var stepBefore: Deployment?

    /// A verdict on record, with what the judge knew of the deployment.
    private struct Said {
        let number: Int
        let judgement: Judgement
        let deployments: [Deployment]
        let old: String?
    }

    init(ledger: any Ledger, windows: Windows, id: LaneID, report: ReplayReport) {
        self.ledger = ledger
        self.windows = windows
        self.id = id
        self.report = report
        self.past = PastMachines.Reader(ledger: ledger)
        self.lane.stands(in: .lane(id))
    }

    mutating func run(upTo last: Int) async throws -> ReplayReport {
        var number = 0
        while number < last {
            let page = try await self.ledger.events(
                of: .lane(self.id), after: number, limit: min(500, last - number))
            for envelope in page { try await self.take(envelope) }
            guard let newest = page.last else { break }
            number = newest.number
        }
        if let event = self.expected.first { self.differ(last, "decision", "nothing", event.kind.name) }
        try await self.judgeAgain()
        return self.report
    }

    private mutating func take(_ envelope: Envelope) async throws {
        let event = try EventJSON.event(Lane.Event.self, of: envelope)
        if let wanted = self.expected.popFirst(), wanted != event {
            self.differ(envelope.number, "decision", try Self.words(event), try Self.words(wanted))
            self.expected = []
        }
        switch event {
        case .admitted(let body): try await self.admitAgain(body, envelope.number)
        case .judged(let body): self.hear(body, event, envelope.number)
        default: break
        }
        let before = self.lane.deployment
        try self.lane.apply(event)
        if let before, before.number == self.lane.deployment?.number {
            if before.stepStartedAt != self.lane.deployment?.stepStartedAt { self.stepBefore = before }
        } else if before != nil {
            try await self.judgeAgain()
            self.stepBefore = nil
        }
    }

    private static func words(_ event: Lane.Event) throws -> String {
        String(decoding: try EventJSON.newEvent(event).body.prefix(500), as: UTF8.self) + " (\(event.kind.name))"
    }

    private mutating func differ(_ number: Int, _ what: String, _ recorded: String, _ again: String) {
        self.report.add(
            ReplayReport.Difference(
                stream: .lane(self.id), number: number, what: what, recorded: recorded, again: again))
    }

    // MARK: Admissions

    private mutating func admitAgain(_ body: Lane.Admitted, _ number: Int) async throws {
        self.report.admissions += 1
        guard (body.facts.rules ?? 1) <= AdmissionRules.version else {
            let rules = body.facts.rules ?? 1
            return self.differ(
                number, "rules", "version \(rules)", "this build knows \(AdmissionRules.version): use the newer one")
        }
        guard let queued = self.lane.queue.first(where: { $0.number == body.number }) else {
            return self.differ(number, "gates", "admitted", "promotion \(body.number) does not wait")
        }
        do {
            let rules = AdmissionRules(
                machines: try await self.past.machines(at: body.facts.readings), windows: self.windows, id: self.id)
            guard var ground = try await rules.ground() else {
                return self.differ(number, "gates", "admitted", "the environment is not defined")
            }
            let again = try await rules.evaluate(queued, in: self.lane, on: &ground, at: body.at)
            let gates = (self.lane.guards(for: queued, at: body.at) + again.facts.gates).map { $0.known(at: body.at) }
            let (recorded, now) = (Self.answers(body.facts.gates), Self.answers(gates))
            if recorded != now { self.differ(number, "gates", recorded, now) }
            if body.facts.definition != again.facts.definition {
                self.differ(
                    number, "definition", String(body.facts.definition), String(again.facts.definition))
            }
            // Plans have grown since rules have a version: an older one says less.
            if body.facts.rules != nil, body.plan != again.plan {
                self.differ(number, "plan", Self.words(body.plan), Self.words(again.plan))
            }
        } catch let error as PastMachines.NotRead {
            guard body.facts.rules != nil else { return self.report.notOnRecord += 1 }
            self.differ(number, "readings", body.facts.readings.joined(separator: ", "), "\(error.stream) is read too")
        } catch let error as LedgerError where error.code == .damaged {
            self.differ(number, "readings", body.facts.readings.joined(separator: ", "), error.message)
        }
    }

    /// The answer alone: words may be chosen better some day.
    private static func answers(_ gates: [GateResult]) -> String {
        gates.map { "\($0.gate) \($0.verdict?.rawValue ?? "pending")" }.joined(separator: ", ")
    }

    private static func words(_ plan: Plan) -> String {
        "\(plan.strategy): \(plan.steps.map(\.name).joined(separator: ", "))"
    }

    // MARK: Verdicts

    private mutating func hear(_ body: Lane.Judged, _ event: Lane.Event, _ number: Int) {
        // What was expected here and came needs no second look.
        if self.expected.isEmpty {
            self.report.decisions += 1
            do {
                let events = try self.lane.decide(
                    .answer(.judged(number: body.number, body.judgement), at: body.at))
                self.expected = events[...]
                let first = self.expected.popFirst()
                if first != event {
                    self.differ(number, "decision", event.kind.name, first?.kind.name ?? "nothing")
                    self.expected = []
                }
            } catch {
                self.differ(number, "decision", event.kind.name, error.message)
            }
        }
        guard let deployment = self.lane.deployment, deployment.number == body.number else { return }
        let old = deployment.returnsTo.flatMap { self.lane.capacities[$0]?.candidate.version }
        self.verdicts.append(
            Said(
                number: number, judgement: body.judgement,
                deployments: [deployment] + [self.stepBefore].compactMap(\.self), old: old))
    }

    /// The verdicts on the deployment that has ended, from what was seen of it.
    private mutating func judgeAgain() async throws {
        guard let first = self.verdicts.first?.deployments.first, let judging = first.plan.judging else { return }
        var open = self.verdicts[...]
        self.verdicts = []
        var found: [(said: Said, again: Judgement)] = []
        let looks = StoredLooks(ledger: self.ledger, lane: self.id)
        _ = try await looks.run(of: first, judging) { run in
            while let said = open.first, said.judgement.to == run.lastLook {
                open.removeFirst()
                let all = said.deployments.map { run.judgement($0, at: said.judgement.to, said.old) }
                let again = all.first { $0.says(the: said.judgement) } ?? all[0]
                found.append((said, again))
            }
        }
        self.report.verdicts += found.count + open.count
        for (said, again) in found where !again.says(the: said.judgement) {
            self.differ(said.number, "verdict", said.judgement.inFull, again.inFull)
        }
        for said in open {
            self.differ(said.number, "verdict", said.judgement.inFull, "the observations are not on record")
        }
    }
}

extension Judgement {
    /// The same, whatever the words.
    fileprivate func says(the other: Judgement) -> Bool {
        var same = self
        same.sentence = other.sentence
        if same.warning != nil, other.warning != nil { same.warning = other.warning }
        return same == other
    }

    fileprivate var inFull: String {
        "\(self.verdict?.rawValue ?? "pending") \(self.metric ?? ""): \(self.sentence); harm \(self.harm), safe \(self.safe), "
            + "\(self.requestsInStep) requests in the step, \(self.observations)"
    }
}
