package import Core
import Logging
import Ports

/// Asks for promotions where the definition says `promote: automatically`: the newest release that is built and verified in all that the
/// environment comes after, once. Level-triggered: it looks at the state, not at the event that woke it, so nothing is missed by a crash.
struct Automation: Sendable {
    let journal: Journal
    let logger: Logger

    func run(_ changed: AsyncStream<Set<StreamID>>) async {
        for await streams in changed {
            for failures in 0..<Self.tries {
                try? await Task.sleep(for: BackOff.pause(after: failures))
                if await self.promote(touchedBy: streams) || Task.isCancelled { break }
            }
        }
    }

    /// After these, the service's next event brings it up again: one whose stream can't be read must not keep all others waiting.
    private static let tries = 5

    /// False: something could not be looked at, and may be later.
    private func promote(touchedBy streams: Set<StreamID>) async -> Bool {
        var isDone = true
        do {
            for service in try await self.services(touchedBy: streams) {
                do {
                    try await self.promote(in: service)
                } catch {
                    self.logger.error("automatic promotion of \(service): \(error)")
                    isDone = false
                }
            }
        } catch {
            self.logger.error("automatic promotion: \(error)")
            isDone = false
        }
        return isDone
    }

    private func services(touchedBy streams: Set<StreamID>) async throws -> [ServiceName] {
        var names: Set<ServiceName> = []
        for stream in streams {
            switch stream {
            case .service(let name): names.insert(name)
            case .lane(let id): names.insert(id.service)
            case .release(let id):
                if let origin = try await self.journal.release(id).machine.origin { names.insert(origin.service) }
            case .change, .train, .flag, .calendar, .access, .directory, .ledger: break
            }
        }
        return names.sorted()
    }

    private func promote(in name: ServiceName) async throws {
        guard let definition = try await self.journal.service(name).machine.current else { return }
        let automatic = definition.environments.filter { $0.promotion == .automatically }
        guard !automatic.isEmpty else { return }
        let releases = try await self.journal.releases(of: name)
        for environment in automatic {
            let id = LaneID(service: name, environment: environment.name)
            guard let newest = try await self.newest(of: releases, for: environment, in: name) else { continue }
            let lane = try await self.journal.lane(id).machine
            guard !lane.seen.contains(newest.id), !lane.isOlder(newest, than: releases) else { continue }
            try await self.ask(newest, id, environment)
        }
    }

    private func newest(
        of releases: [ReleaseRow], for environment: EnvironmentDefinition, in name: ServiceName
    ) async throws -> ReleaseRow? {
        let now = self.journal.time.now()
        for release in releases.reversed() where release.phase == .built {
            var isVerified = true
            for before in environment.after where isVerified {
                let lane = try await self.journal.lane(LaneID(service: name, environment: before)).machine
                isVerified = lane.longestStay(of: release.id, at: now) != nil
            }
            if isVerified { return release }
        }
        return nil
    }

    private func ask(_ release: ReleaseRow, _ id: LaneID, _ environment: EnvironmentDefinition) async throws {
        do {
            _ = try await Promoting(journal: self.journal)
                .request(Candidate(release: release.id, version: release.version), into: id, environment, by: .schedule)
        } catch let refusal as Refusal {
            self.logger.debug("automatic promotion of \(release.version) into \(id): \(refusal.message)")
        }
    }
}

extension Lane {
    /// Something newer was asked for here already: automation never goes back.
    fileprivate func isOlder(_ release: ReleaseRow, than releases: [ReleaseRow]) -> Bool {
        guard let place = releases.firstIndex(where: { $0.id == release.id }) else { return true }
        return releases[(place + 1)...].contains { self.seen.contains($0.id) }
    }
}

extension Journal {
    /// The releases of a service, oldest first; at most the newest 1,000.
    package func releases(of service: ServiceName) async throws -> [ReleaseRow] {
        var after: String?
        var all: [ReleaseRow] = []
        while true {
            let rows = try await self.ledger.rows(.releases, scope: service.text, after: after, limit: 1_000)
            all += try rows.compactMap { row in try row.body.map { try EventJSON.decode(ReleaseRow.self, from: $0) } }
            guard rows.count == 1_000, let last = rows.last else { break }
            after = last.key
        }
        return Array(all.sorted { ($0.at, $0.id) < ($1.at, $1.id) }.suffix(1_000))
    }
}
