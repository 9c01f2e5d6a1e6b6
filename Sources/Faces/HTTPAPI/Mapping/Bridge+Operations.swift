import APIClient
import Core
import Engine
package import Ports
import ServiceFile

extension Bridge {
    func authenticate(_ secret: String) async throws -> Caller? {
        guard let (token, caller) = try await self.plane.authenticate(secret) else { return nil }
        return Caller(actor: caller.actor.description, token: token)
    }

    // MARK: Services and lanes

    func status(_ caller: Caller, _ service: String?) async throws -> Wire.Status {
        let who = try await self.caller(caller)
        let (position, services) = try await self.plane.status(
            of: try service.map { try self.service($0) }, by: who)
        return Wire.Status(
            position: position, services: services.map { Wire.Service($0) },
            alarm: self.plane.recordAlarm.map { Wire.Alarm($0) },
            stop: try await self.plane.stop(by: who).map { Wire.Guard($0) })
    }

    func service(_ caller: Caller, _ name: String) async throws -> Wire.Service {
        let status = try await self.status(caller, name)
        guard let service = status.services.first else {
            throw Core.Refusal(.notFound, "There is no service `\(name)`.")
        }
        return service
    }

    func apply(_ caller: Caller, _ body: Wire.Apply) async throws -> Wire.Applied {
        let name = body.name ?? ServiceFile.name
        guard (1...4_096).contains(name.utf8.count), !name.unicodeScalars.contains(where: \.isControl) else {
            throw Core.Refusal(.invalid, "The file's `name` has 1 to 4096 bytes and no control characters.")
        }
        let applied: ControlPlane.Applied
        do {
            applied = try await self.plane.apply(
                body.file, repository: body.repository, isPlan: body.plan, by: try await self.caller(caller))
        } catch let error as ServiceFileError {
            throw Wire.Problem.mistakes(error.description(of: name))
        }
        return Wire.Applied(
            service: applied.service.text, definition: applied.number, changed: applied.isChanged,
            differences: applied.differences, warnings: applied.warnings, plan: body.plan)
    }

    func poll(_ caller: Caller, _ name: String) async throws -> Wire.Polled {
        let polled = try await self.plane.poll(try self.service(name), by: try await self.caller(caller))
        return Wire.Polled(service: name, branch: polled.branch, repository: polled.repository)
    }

    func lane(_ caller: Caller, _ service: String, _ environment: String) async throws -> Wire.Lane {
        Wire.Lane(try await self.plane.lane(try self.lane(service, environment), by: try await self.caller(caller)))
    }

    func act(
        _ caller: Caller, _ service: String, _ environment: String, _ verb: Wire.LaneVerb, _ act: Wire.Act
    ) async throws -> Wire.Lane {
        let id = try self.lane(service, environment)
        let who = try await self.caller(caller)
        if verb == .pin {
            guard let version = act.subject else {
                throw Core.Refusal(.invalid, "Pin to which version? Give it as the `subject`, such as 1.4.2.")
            }
            try await self.plane.pin(id, to: version, reason: try self.reason(act), by: who)
        } else {
            try await self.plane.intend(try await self.intent(verb, act, by: who), in: id, by: who)
        }
        return Wire.Lane(try await self.plane.lane(id, by: who))
    }

    private func intent(_ verb: Wire.LaneVerb, _ act: Wire.Act, by caller: Engine.Caller) async throws -> Lane.Intent {
        let reason = try self.reason(act)
        switch verb {
        case .hold:
            guard let until = act.until else { return .hold(reason: reason, until: nil) }
            return .hold(reason: reason, until: try self.time(until))
        case .unhold: return .releaseHold(reason: reason)
        case .unpin: return .unpin(reason: reason)
        case .block: return .block(try await self.releaseID(act, by: caller), reason: reason)
        case .unblock: return .unblock(try await self.releaseID(act, by: caller), reason: reason)
        case .clearAlarm: return .clearAlarm(reason: reason)
        case .down: return .down(reason: reason)
        case .pin: throw Core.Refusal(.invalid, "A pin names a version, which is looked up first.")
        case .rollback: throw Core.Refusal(.invalid, "A rollback has a route of its own.")
        }
    }

    private func time(_ text: String) throws -> Instant {
        guard let instant = Instant(wire: text) else {
            throw Core.Refusal(.invalid, "`\(text.prefix(40))` is no time. Its form is 2026-03-27T18:00:00Z.")
        }
        return instant
    }

    private func releaseID(_ act: Wire.Act, by caller: Engine.Caller) async throws -> ReleaseID {
        let release = try await self.plane.release(named: act.subject ?? "", by: caller)
        guard let id = release.origin?.id else {
            throw Core.Refusal(.notFound, "There is no release `\(act.subject ?? "")`.")
        }
        return id
    }

    func logs(
        _ caller: Caller, _ service: String, _ environment: String, _ lines: Int, _ offset: Int?
    ) async throws -> Wire.Output {
        let all = try await self.plane.output(
            of: try self.lane(service, environment), lines: lines, by: try await self.caller(caller))
        return Wire.Output(text: all.map { $0 + "\n" }.joined(), next: 0, isComplete: true)
    }

    // MARK: Releases

    func createRelease(_ caller: Caller, _ body: Wire.CreateRelease) async throws -> Wire.Release {
        let release = try await self.plane.createRelease(
            ControlPlane.ReleaseRequest(
                repository: body.repository, ref: body.ref, version: body.version, file: body.artifact),
            by: try await self.caller(caller))
        return try self.shown(release)
    }

    func releases(_ caller: Caller, _ service: String?, _ limit: Int) async throws -> [Wire.Release] {
        let who = try await self.caller(caller)
        if let service {
            return try await self.plane.releases(of: try self.service(service), limit: limit, by: who)
                .compactMap { Wire.Release($0) }
        }
        var all: [Wire.Release] = []
        for view in try await self.plane.status(of: nil, by: who).services {
            all += try await self.plane.releases(of: view.definition.service, limit: limit, by: who)
                .compactMap { Wire.Release($0) }
        }
        return Array(all.sorted { $0.createdAt > $1.createdAt }.prefix(limit))
    }

    func release(_ caller: Caller, _ text: String) async throws -> Wire.Release {
        try self.shown(try await self.plane.release(named: text, by: try await self.caller(caller)))
    }

    private func shown(_ release: Release) throws -> Wire.Release {
        guard var shown = Wire.Release(release) else {
            throw Core.Refusal(.notFound, "There is no such release.")
        }
        if shown.state == .building, let wait = self.plane.buildsWaitFor { shown.reason = "waits: \(wait)" }
        return shown
    }

    func releaseLog(_ caller: Caller, _ text: String, _ offset: Int) async throws -> Wire.Output {
        let who = try await self.caller(caller)
        guard let id = try await self.plane.release(named: text, by: who).origin?.id else {
            throw Core.Refusal(.notFound, "There is no release `\(text)`.")
        }
        let (bytes, isComplete) = try await self.plane.buildLog(of: id, from: offset, by: who)
        return Wire.Output(
            text: String(decoding: bytes, as: UTF8.self), next: offset + bytes.count, isComplete: isComplete)
    }

    func prune(_ caller: Caller, _ body: Wire.Prune) async throws -> Wire.Pruned {
        let report = try await self.plane.prune(isDryRun: body.dryRun, by: try await self.caller(caller))
        var pruned = Wire.Pruned(
            dryRun: body.dryRun, bytes: report.bytes, kept: report.kept,
            releases: report.pruned.map {
                Wire.PrunedRelease(
                    release: $0.release.text, service: $0.service.text, version: $0.version, bytes: $0.bytes)
            })
        (pruned.orphans, pruned.orphanBytes) = (report.orphans.count, report.orphans.bytes)
        (pruned.work, pruned.workBytes) = (report.work.count, report.work.bytes)
        return pruned
    }

    // MARK: Promotions

    func promote(_ caller: Caller, _ body: Wire.Promote) async throws -> Wire.Promotion {
        guard let environment = EnvironmentName(body.environment) else {
            throw Core.Refusal(
                .invalid, "`\(body.environment.prefix(80))` is no environment name: \(EnvironmentName.rule).")
        }
        let who = try await self.caller(caller)
        let (id, number) = try await self.plane.promote(
            body.release, into: environment, notBefore: try body.at.map { try self.time($0) },
            emergency: try body.emergency.map { try self.reason(Wire.Act(reason: $0)) }, by: who)
        return try await self.shown(id, number, by: who)
    }

    func promotion(_ caller: Caller, _ text: String) async throws -> Wire.Promotion {
        let (id, number) = try self.promotion(text)
        let who = try await self.caller(caller)
        var promotion = try await self.shown(id, number, by: who)
        // Its record stays when the promotion has left the queue.
        if promotion.change == nil, try await self.plane.journal.change(ChangeID(id, number)).machine.state != .unknown
        {
            promotion.change = ChangeID(id, number).text
        }
        return promotion
    }

    private func shown(_ id: LaneID, _ number: Int, by caller: Engine.Caller) async throws -> Wire.Promotion {
        let view = try await self.plane.lane(id, by: caller)
        if let running = view.lane.deployment, running.number == number {
            return Wire.Promotion(running, in: view)
        }
        if let queued = view.lane.queue.first(where: { $0.number == number }) {
            return Wire.Promotion(queued, view.environment, of: id)
        }
        if let ended = view.lane.recent.last(where: { $0.number == number }) { return Wire.Promotion(ended, in: view) }
        if let order = view.lane.nextRollback, order.number == number { return Wire.Promotion(order, of: id) }
        throw Core.Refusal(
            .notFound,
            "There is no promotion `\(id)/\(number)`"
                + (number <= view.lane.lastNumber ? " any more; `slipway log \(id)` has its record." : "."))
    }

    func act(
        _ caller: Caller, _ text: String, _ verb: Wire.PromotionVerb, _ act: Wire.Act
    ) async throws -> Wire.Promotion {
        let (id, number) = try self.promotion(text)
        let who = try await self.caller(caller)
        let reason = try self.reason(act)
        // What there is not is told as such, before any word on what runs here.
        _ = try await self.shown(id, number, by: who)
        let intent: Lane.Intent
        switch verb {
        case .pause: intent = .pause(number: number, reason: reason)
        case .resume: intent = .resume(number: number, reason: reason)
        case .abort: intent = .abort(number: number, reason: reason)
        case .skip: intent = .skip(number: number, reason: reason)
        case .handOver: intent = .handOver(number: number, reason: reason)
        case .cancel: intent = .cancel(number: number, reason: reason)
        case .moveFirst: intent = .moveFirst(number: number, reason: reason)
        case .overrideCombination:
            _ = try await self.plane.overrideCombination(of: number, in: id, reason: reason, by: who)
            return try await self.shown(id, number, by: who)
        case .retry:
            return try await self.shown(id, try await self.plane.retry(id, number, reason: reason, by: who), by: who)
        }
        try await self.plane.intend(intent, in: id, by: who)
        return try await self.shown(id, number, by: who)
    }

    func rollback(
        _ caller: Caller, _ service: String, _ environment: String, _ act: Wire.Act
    ) async throws -> Wire.Promotion {
        let id = try self.lane(service, environment)
        let who = try await self.caller(caller)
        let number = try await self.plane.rollBack(
            id, to: act.subject, reason: try self.reason(act), isForced: act.force ?? false, by: who)
        return try await self.shown(id, number, by: who)
    }

    func rollbackPlan(
        _ caller: Caller, _ service: String, _ environment: String, _ version: String?
    ) async throws -> Wire.RollbackPlan {
        Wire.RollbackPlan(
            try await self.plane.rollbackForecast(
                try self.lane(service, environment), to: version, by: try await self.caller(caller)))
    }

    func queue(_ caller: Caller) async throws -> [Wire.Promotion] {
        try await self.plane.status(of: nil, by: try await self.caller(caller)).services
            .flatMap(\.lanes).flatMap { Wire.Lane($0).queue }
    }

    // MARK: Changes

    func changes(_ caller: Caller, _ state: String?) async throws -> [Wire.Change] {
        let wanted = try state.map { text in
            guard let state = ChangeRequest.State(rawValue: text), state != .unknown else {
                throw Core.Refusal(
                    .invalid,
                    "`\(text.prefix(40))` is no state of a change: requested, approved, rejected, expired, closed.")
            }
            return state
        }
        var shown: [Wire.Change] = []
        for change in try await self.plane.changes(in: wanted, limit: 500, by: try await self.caller(caller)) {
            shown.append(try await self.shown(change))
        }
        return shown
    }

    func change(_ caller: Caller, _ text: String) async throws -> Wire.Change {
        try await self.shown(try await self.plane.change(try self.change(text), by: try await self.caller(caller)))
    }

    func act(_ caller: Caller, _ text: String, _ verb: Wire.ChangeVerb, _ act: Wire.Act) async throws -> Wire.Change {
        let isYes: Bool =
            switch verb {
            case .approve: true
            case .reject: false
            }
        return try await self.shown(
            try await self.plane.decide(
                try self.change(text), yes: isYes, reason: try self.reason(act), by: try await self.caller(caller)))
    }

    private func shown(_ change: ChangeRequest) async throws -> Wire.Change {
        guard let shown = Wire.Change(change, missing: try await self.plane.missing(of: change)) else {
            throw Core.Refusal(.notFound, "There is no such change.")
        }
        return shown
    }

    // MARK: Records

    func events(_ caller: Caller, _ stream: String?, _ after: Int, _ limit: Int) async throws -> [Wire.Event] {
        let id = try stream.map { text in
            guard let id = StreamID(text) else {
                throw Core.Refusal(
                    .invalid,
                    "`\(text.prefix(120))` is no stream. Such are: lane/SERVICE/ENVIRONMENT, release/ID, change/ID, "
                        + "service/NAME, calendar, access, directory, ledger.")
            }
            return id
        }
        return try await self.plane.events(of: id, after: after, limit: limit, by: try await self.caller(caller))
            .map { Wire.Event($0) }
    }

    func positions(_ after: Int) -> AsyncStream<Int> {
        let news = self.plane.journal.news.listen(.newest)
        let ledger = self.plane.journal.ledger
        let (positions, sink) = AsyncStream.makeStream(of: Int.self, bufferingPolicy: .bufferingNewest(1))
        let pump = Task {
            if let now = try? await ledger.position(), now > after { sink.yield(now) }
            for await item in news { sink.yield(item.position) }
            sink.finish()
        }
        sink.onTermination = { _ in pump.cancel() }
        return positions
    }

    func why(_ caller: Caller, _ text: String) async throws -> Wire.Why {
        let who = try await self.caller(caller)
        let explanations: [Explanation]
        if let release = ReleaseID(text) {
            explanations = try await self.plane.why(release, by: who)
        } else if let change = ChangeID(text) {
            explanations = try await self.plane.why(change, by: who)
        } else {
            let (id, number) = try self.promotion(text)
            explanations = try await self.plane.why(id, number, by: who)
        }
        return Wire.Why(
            id: text,
            sentences: explanations.map {
                Wire.Sentence(at: $0.at.wire, actor: $0.actor.description, text: $0.text, position: $0.position)
            })
    }

    func verifyAudit(_ caller: Caller) async throws -> Wire.Audit {
        do {
            let report = try await self.plane.verifyAudit(by: try await self.caller(caller))
            return Wire.Audit(
                records: report.records, streams: report.streams, seals: report.seals, verified: true, problem: nil)
        } catch let error as LedgerError where error.code == .damaged {
            return Wire.Audit(error)
        }
    }

    // MARK: Access

    func tokens(_ caller: Caller) async throws -> [Wire.Token] {
        try await self.plane.tokens(by: try await self.caller(caller)).map { Wire.Token($0, secret: nil) }
    }

    func addToken(_ caller: Caller, _ body: Wire.AddToken) async throws -> Wire.Token {
        let owner = Actor(body.owner) ?? .person(body.owner)
        guard owner.isNamed else {
            throw Core.Refusal(
                .invalid, "`\(body.owner.prefix(80))` can't own a token: a person or service-account:NAME can.")
        }
        let (token, secret) = try await self.plane.addToken(
            body.name, owner: owner, mayAdminister: false, scope: try self.scope(body), rights: try self.rights(body),
            lasting: body.lasting.map { Milliseconds(Int64($0)) }, by: try await self.caller(caller))
        return Wire.Token(token, secret: secret)
    }

    /// `RIGHT@SCOPE` with commas between, as in `promote@lane:shop/production`.
    private func rights(_ body: Wire.AddToken) throws -> [Access.TokenRight]? {
        try body.rights?.split(separator: ",", omittingEmptySubsequences: false).prefix(1_000).map { piece in
            let parts = piece.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            return Access.TokenRight(
                right: try self.right(parts[0]),
                scope: try self.accessScope(parts.count == 2 ? parts[1] : "organisation"))
        }
    }

    private func scope(_ body: Wire.AddToken) throws -> Access.Scope? {
        let names = (body.services ?? "").split(separator: ",", omittingEmptySubsequences: false).prefix(1_000)
        switch body.scope {
        case nil:
            guard body.services == nil else {
                throw Core.Refusal(.invalid, "`services` are those of a `scope`, and none is given. Known: release.")
            }
            return nil
        case "release": return .release(of: try names.map { try self.service(String($0)) })
        case let scope?:
            throw Core.Refusal(.invalid, "`\(scope.prefix(40))` is no scope of a token. Known: release.")
        }
    }

    func revokeToken(_ caller: Caller, _ name: String) async throws -> Wire.Token {
        let who = try await self.caller(caller)
        try await self.plane.revokeToken(name, by: who)
        guard let token = try await self.plane.tokens(by: who).last(where: { $0.name == name }) else {
            throw Core.Refusal(.notFound, "There is no token `\(name)`.")
        }
        return Wire.Token(token, secret: nil)
    }
}

extension Unicode.Scalar {
    fileprivate var isControl: Bool { self.properties.generalCategory == .control }
}

extension Wire.Audit {
    /// Of a damaged ledger: what is right up to the damage, and where that is.
    package init(_ damage: LedgerError) {
        let before = damage.verified
        self.init(
            records: before?.records ?? 0, streams: before?.streams ?? 0, seals: before?.seals ?? 0, verified: false,
            problem: damage.message)
    }
}

extension Wire.Promotion {
    /// A rollback that waits for the running deployment to have returned its traffic.
    init(_ order: RollbackOrder, of lane: LaneID) {
        self.init(
            id: Self.id(lane, order.number), service: lane.service.text, environment: lane.environment.text,
            number: order.number, release: order.target.release.text, version: order.target.candidate.version,
            state: .waiting, kind: Deployment.Kind.rollback.rawValue, by: order.by.description)
        self.requestedAt = order.at.wire
        self.reason = order.reason
    }
}

extension Wire.Alarm {
    fileprivate init(_ alarm: RecordAlarm) {
        let kind =
            switch alarm.kind {
            case .damaged: "ledgerDamaged"
            case .notWritable: "ledgerNotWritable"
            }
        self.init(kind: kind, reason: alarm.reason, nextAction: alarm.nextAction, since: alarm.since.wire)
    }
}
