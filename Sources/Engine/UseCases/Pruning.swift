package import Core
package import Ports

/// What a pruning removed, or would remove.
package struct PruneReport: Sendable, Equatable {
    package struct Pruned: Sendable, Equatable {
        package let release: ReleaseID
        package let service: ServiceName
        package let version: String
        /// What goes with it: content that another release needs too stays.
        package let bytes: Int64
    }

    package var pruned: [Pruned] = []
    package var kept = 0
    /// Content that no event names, such as that of a build that was killed before it was on record.
    package var orphans = Cleared()
    /// Work of builds and commands that ended or were cut off.
    package var work = Cleared()
    package var bytes: Int64 { self.pruned.reduce(0) { $0 + $1.bytes } }
}

extension ControlPlane {
    /// So many of the newest releases of a service stay, whatever became of them.
    package static let keptNewest = 10
    /// Content that was stored so recently may belong to what is not written down yet.
    private static let settled = Milliseconds.hours(1)

    /// Removes artifacts, logs and results of releases that no lane can want any more, content that no event names, and what builds and
    /// commands left behind. Each release is on record first, with what goes; what was
    /// cut off is finished by the next pruning. The chain of events names digests alone, so it stays whole.
    package func prune(isDryRun: Bool, by caller: Caller) async throws -> PruneReport {
        try await self.authorize(caller, .operate, on: .organisation, "the content of all services")
        let releases = try await self.everyRelease()
        let lanes = try await self.journal.ledger.heads().compactMap { head -> LaneID? in
            guard case .lane(let id) = head.stream else { return nil }
            return id
        }
        var needed: Set<ReleaseID> = []
        for id in lanes { needed.formUnion(try await self.journal.lane(id).machine.neededReleases) }
        var report = PruneReport()
        var going: [Release] = []
        var kept: Set<Digest> = []
        for (_, all) in releases {
            for (place, release) in all.enumerated() {
                let isNew = place >= all.count - Self.keptNewest
                guard let id = release.origin?.id, !isNew, !needed.contains(id), release.phase != .building else {
                    report.kept += 1
                    kept.formUnion(release.blobs.map(\.digest))
                    continue
                }
                going.append(release)
            }
        }
        for release in going {
            guard let origin = release.origin else { continue }
            var seen = kept
            let blobs = release.blobs.filter { seen.insert($0.digest).inserted }
            if isDryRun {
                guard release.prunedAt == nil else { continue }
            } else {
                let isNew = try await self.record(
                    blobs, of: origin, lanes.filter { $0.service == origin.service }, caller)
                guard try await self.journal.release(origin.id).machine.prunedAt != nil else { continue }
                for blob in blobs {
                    _ = try await self.doors.blobs.remove(blob.digest, storedBefore: self.settledBefore)
                }
                guard isNew else { continue }
            }
            report.pruned.append(
                PruneReport.Pruned(
                    release: origin.id, service: origin.service, version: origin.version,
                    bytes: blobs.reduce(0) { $0 + $1.bytes }))
        }
        if !isDryRun { for name in releases.keys { try await self.clearSecrets(of: name) } }
        report.work = try await self.clearWork(of: lanes, releases, isDryRun)
        report.orphans = try await self.clearOrphans(isDryRun)
        return report
    }

    private func clearWork(
        of lanes: [LaneID], _ releases: [ServiceName: [Release]], _ isDryRun: Bool
    ) async throws -> Cleared {
        var commands: [String] = []
        for id in lanes {
            // A command of a deployment that has ended is never asked for again.
            guard let number = try await self.journal.lane(id).machine.deployment?.number else { continue }
            commands.append("\(id)/\(number)/")
        }
        let building = releases.values.joined().filter { $0.phase == .building }.compactMap(\.origin?.id)
        return try await self.doors.clearWork(
            WorkOrder(before: self.settledBefore, building: Set(building), commands: commands, isDryRun: isDryRun))
    }

    /// First what is there, then what is named: content that is stored or recorded meanwhile is either too young or named.
    private func clearOrphans(_ isDryRun: Bool) async throws -> Cleared {
        let before = self.settledBefore
        let stored = try await self.doors.blobs.stored(before: before)
        var cleared = Cleared()
        guard !stored.isEmpty else { return cleared }
        let named = try await self.namedDigests()
        for blob in stored where !named.contains(blob.digest) {
            let bytes =
                isDryRun ? blob.bytes : try await self.doors.blobs.remove(blob.digest, storedBefore: before)
            if isDryRun || bytes > 0 { cleared.add(bytes) }
        }
        return cleared
    }

    private var settledBefore: Instant {
        Instant(milliseconds: self.journal.time.now().milliseconds - Self.settled.count)
    }

    /// In all events, of whatever kind.
    private func namedDigests() async throws -> Set<Digest> {
        var named: Set<Digest> = []
        var after = 0
        while true {
            let page = try await self.journal.ledger.events(after: after, limit: 1_000)
            for event in page { event.body.withUnsafeBytes { Digest.collect($0, into: &named) } }
            guard page.count == 1_000, let last = page.last else { return named }
            after = last.position
        }
    }

    /// Writes it down, unless a lane wants it by now; true if it was not on record before.
    private func record(
        _ blobs: [Blob], of origin: Release.Origin, _ lanes: [LaneID], _ caller: Caller
    ) async throws -> Bool {
        try await self.journal.retrying {
            var reading: [StreamReading] = []
            for id in lanes {
                let lane = try await self.journal.lane(id)
                guard !lane.machine.neededReleases.contains(origin.id) else { return false }
                reading.append(StreamReading(stream: lane.stream, number: lane.number))
            }
            let loaded = try await self.journal.release(origin.id)
            let now = self.journal.time.now()
            let bytes = blobs.reduce(0) { $0 + $1.bytes }
            let events = try loaded.machine.decide(
                .prune(blobs.map(\.digest), bytes: bytes, by: caller.actor, at: now))
            guard let draft = try self.journal.draft(loaded, events) else { return false }
            try await self.journal.append([draft], reading: reading, by: caller.actor, at: now)
            return true
        }
    }

    /// By service, oldest first.
    private func everyRelease() async throws -> [ServiceName: [Release]] {
        var all: [ServiceName: [Release]] = [:]
        var after: String?
        while true {
            let rows = try await self.journal.ledger.rows(.releases, scope: nil, after: after, limit: 1_000)
            for row in rows {
                guard let id = ReleaseID(row.key) else { continue }
                let release = try await self.journal.release(id).machine
                if let service = release.origin?.service { all[service, default: []].append(release) }
            }
            guard rows.count == 1_000, let last = rows.last else { break }
            after = last.key
        }
        return all.mapValues { releases in
            releases.sorted { left, right in
                guard let one = left.origin, let two = right.origin else { return false }
                return (one.at, one.id) < (two.at, two.id)
            }
        }
    }
}
