package import Core
import Ports

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
    package var bytes: Int64 { self.pruned.reduce(0) { $0 + $1.bytes } }
}

extension ControlPlane {
    /// So many of the newest releases of a service stay, whatever became of them.
    package static let keptNewest = 10
    /// Content that was stored so recently may belong to what is not written down yet.
    private static let settled = Milliseconds.hours(1)

    /// Removes artifacts, logs and results of releases that no lane can want any more. Each is on record first, with what goes; what was
    /// cut off is finished by the next pruning. The chain of events names digests alone, so it stays whole.
    package func prune(isDryRun: Bool, by caller: Caller) async throws -> PruneReport {
        try await self.authorize(caller, .operate, on: "the content of all services")
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
                let now = self.journal.time.now()
                for blob in blobs {
                    let before = Instant(milliseconds: now.milliseconds - Self.settled.count)
                    _ = try await self.doors.blobs.remove(blob.digest, storedBefore: before)
                }
                guard isNew else { continue }
            }
            report.pruned.append(
                PruneReport.Pruned(
                    release: origin.id, service: origin.service, version: origin.version,
                    bytes: blobs.reduce(0) { $0 + $1.bytes }))
        }
        return report
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
