import Core
import Ports

/// Turns a lane's effects into calls of the doors, and what the doors say into answers.
struct LanePerformer: Sendable {
    let journal: Journal
    let doors: Doors
    let id: LaneID

    /// nil: the effect asks for nothing of the world (`evaluate`, `wake`: the runner's own).
    func perform(_ effect: Lane.Effect, in lane: Lane) async throws -> Lane.Answer? {
        switch effect {
        case .route(let generation):
            let routing = try await self.routing(of: lane)
            let report = try await self.doors.router.apply(routing, term: self.term)
            guard report.generation == generation else { return nil }
            return .routed(generation: generation)
        case .raise(let number): return try await self.raise(number, in: lane)
        case .scale(let number, let replicas): return try await self.scale(number, to: replicas, in: lane)
        case .retire(let number):
            let drain = lane.capacities[number]?.drain ?? .zero
            try await self.doors.runtime.stop(self.key(number), drain: drain, term: self.term)
            return .capacityGone(number)
        case .verify(let number, let step, let place): return try await self.verify(number, step, place, in: lane)
        case .task(let number, _, let kind): return try await self.task(number, kind, in: lane)
        case .removeRouter:
            try await self.doors.router.remove(self.id, term: self.term)
            return .routerRemoved
        case .evaluate, .wake: return nil
        }
    }

    var term: Term { self.journal.ledger.term }

    func key(_ number: Int) -> CapacityKey { CapacityKey(lane: self.id, number: number) }

    // MARK: Capacity

    private func raise(_ number: Int, in lane: Lane) async throws -> Lane.Answer {
        guard let order = try await self.order(number, in: lane) else {
            return .impossible(.raise(capacity: number), reason: "the release or its definition is not on record")
        }
        let report = try await self.doors.runtime.ensure(order, term: self.term)
        if report.ready >= report.wanted {
            try await self.showRouter(number)
            return .capacityReady(number)
        }
        return .capacityFailed(number, reason: Self.notReady(report, order), lastLines: report.lastLines)
    }

    /// More instances of what is up already.
    private func scale(_ number: Int, to replicas: Int, in lane: Lane) async throws -> Lane.Answer {
        guard var order = try await self.order(number, in: lane) else {
            return .impossible(
                .scale(capacity: number, replicas: replicas), reason: "the release or its definition is not on record")
        }
        order.replicas = replicas
        let report = try await self.doors.runtime.ensure(order, term: self.term)
        if report.ready >= report.wanted { return .scaled(number, replicas: replicas) }
        return .scaleFailed(number, reason: Self.notReady(report, order), lastLines: report.lastLines)
    }

    private static func notReady(_ report: CapacityReport, _ order: CapacityOrder) -> String {
        "\(report.ready) of \(report.wanted) instances of \(order.version) became ready "
            + "(GET \(order.health.path) answers 200 to 399, within \(order.health.within.words))"
    }

    /// What has traffic already may have come back at other addresses: the same routing again brings them to the router.
    private func showRouter(_ number: Int) async throws {
        let lane = try await self.journal.lane(self.id).machine
        let isRouted = lane.routing.weights[number] != nil || lane.routing.preview == number
        guard isRouted, lane.routing.generation == lane.confirmedGeneration, lane.takingDown == nil else { return }
        do {
            _ = try await self.doors.router.apply(try await self.routing(of: lane), term: self.term)
        } catch let error as TargetError where error.code == .staleGeneration {
            // A newer routing was applied meanwhile, with the addresses of now.
        }
    }

    /// What should run for a capacity: the release's own words, with what its environment adds.
    func order(_ number: Int, in lane: Lane) async throws -> CapacityOrder? {
        guard let capacity = lane.capacities[number] else { return nil }
        let release = try await self.journal.release(capacity.candidate.release).machine
        let service = try await self.journal.service(self.id.service).machine
        guard let environment = service.definition(capacity.definition)?[self.id.environment],
            let run = release.origin?.configuration.run, let artifact = release.artifact
        else { return nil }
        let replicas = environment.replicas ?? run.replicas
        return CapacityOrder(
            key: self.key(number), release: capacity.candidate.release, version: capacity.candidate.version,
            artifact: artifact.blob.digest, command: run.command,
            replicas: min(capacity.replicas ?? replicas, replicas),
            health: run.health, variables: run.variables.merging(environment.variables) { _, new in new },
            secrets: capacity.secrets)
    }

    // MARK: Routing

    func routing(of lane: Lane) async throws -> Routing {
        let service = try await self.journal.service(self.id.service).machine
        let newest = lane.capacities.values.map(\.definition).max() ?? service.number
        guard let environment = service.definition(newest)?[self.id.environment], let listen = environment.listen else {
            throw TargetError(.invalid, "\(self.id) has no address to listen on", retryable: false)
        }
        var arms: [Routing.Arm] = []
        for capacity in lane.capacities.values.sorted(by: { $0.number < $1.number }) {
            // One that is lost keeps its arm and weight: its instances come back at the same addresses.
            let isRouted = lane.routing.weights[capacity.number] != nil || lane.routing.preview == capacity.number
            guard capacity.state == .ready || isRouted else { continue }
            let key = self.key(capacity.number)
            arms.append(
                Routing.Arm(
                    capacity: key, version: capacity.candidate.version,
                    weight: lane.routing.weights[capacity.number] ?? .zero,
                    addresses: try await self.doors.runtime.addresses(key)))
        }
        return Routing(
            lane: self.id, listen: listen, generation: lane.routing.generation, arms: arms,
            preview: lane.routing.preview.map(self.key), previewHeader: environment.previewHeader,
            userKey: environment.userKey)
    }

    /// Hides what the instances of this lane know.
    private func mask(of lane: Lane) throws -> SecretMask {
        guard let secrets = self.doors.secrets else { return SecretMask([]) }
        let versions = Set(lane.capacities.values.flatMap { $0.secrets ?? [] })
        return SecretMask(try versions.map { try secrets.value($0) })
    }

    // MARK: Commands of the user's

    private func task(_ number: Int, _ kind: TaskKind, in lane: Lane) async throws -> Lane.Answer? {
        guard let deployment = lane.deployment, deployment.number == number else { return nil }
        let release = try await self.journal.release(deployment.candidate.release).machine
        guard let tasks = release.origin?.configuration.tasks, let artifact = release.artifact,
            let task = tasks.command(kind)
        else { return nil }
        let report = try await self.doors.commands.run(
            CommandOrder(
                key: "\(self.id)/\(number)/task-\(kind.rawValue)", command: task.run, within: task.within,
                environment: try await self.variables(deployment), place: .artifact(artifact.blob.digest)))
        let mask = try self.mask(of: lane)
        return .taskEnded(
            number: number, kind, report.verdict, summary: mask.hide(report.summary),
            lastLines: report.lastLines.map(mask.hide),
            irreversible: task.irreversible)
    }

    private func verify(
        _ number: Int, _ step: Int, _ place: VerifyPlace, in lane: Lane
    ) async throws -> Lane.Answer? {
        guard let deployment = lane.deployment, deployment.number == number else { return nil }
        let service = try await self.journal.service(self.id.service).machine
        guard let environment = service.definition(deployment.definition)?[self.id.environment],
            let origin = try await self.journal.release(deployment.candidate.release).machine.origin,
            let address = try await self.address(place, environment)
        else { return nil }
        var variables = try await self.variables(deployment)
        variables["URL"] = "http://\(address)"
        for (index, check) in environment.verify.enumerated() {
            let report = try await self.check(
                check, "\(self.id)/\(number)/verify-\(step)-\(index)", at: address, origin, variables)
            guard report.verdict == .pass else {
                // It was given no secret, but it has asked an instance that knows some.
                let mask = try self.mask(of: lane)
                return .verified(
                    number: number, report.verdict, summary: mask.hide(report.summary),
                    lastLines: report.lastLines.map(mask.hide))
            }
        }
        return .verified(
            number: number, .pass, summary: "\(environment.verify.count) of \(environment.verify.count) passed",
            lastLines: [])
    }

    /// Where the version under test can be reached by itself.
    private func address(_ place: VerifyPlace, _ environment: EnvironmentDefinition) async throws -> ListenAddress? {
        switch place {
        case .preview: try await self.doors.router.read(self.id)?.preview
        case .live: environment.listen
        }
    }

    private func check(
        _ check: Verify, _ key: String, at address: ListenAddress, _ origin: Release.Origin,
        _ variables: [String: String]
    ) async throws -> CommandReport {
        switch check {
        case .run(let command, let within):
            return try await self.doors.commands.run(
                CommandOrder(
                    key: key, command: command, within: within, environment: variables,
                    place: .checkout(commit: origin.commit, repository: origin.repository)))
        case .http(let path, let status, let within):
            switch await self.doors.probe.get(path, at: address, within: within) {
            case .status(status):
                return CommandReport(verdict: .pass, summary: "\(path) answered \(status)", lastLines: [])
            case .status(let other):
                return CommandReport(
                    verdict: .fail, summary: "\(path) answered \(other), expected \(status)", lastLines: [])
            case .unreachable(let why):
                return CommandReport(verdict: .fail, summary: "\(path) did not answer: \(why)", lastLines: [])
            }
        }
    }

    private func variables(_ deployment: Deployment) async throws -> [String: String] {
        [
            "VERSION": deployment.candidate.version, "RELEASE": deployment.candidate.release.text,
            "SERVICE": self.id.service.text, "ENVIRONMENT": self.id.environment.text,
        ]
    }
}

extension TaskConfiguration {
    fileprivate func command(_ kind: TaskKind) -> TaskCommand? {
        switch kind {
        case .before: self.before
        case .afterTraffic: self.afterTraffic
        case .afterBake: self.afterBake
        }
    }
}
