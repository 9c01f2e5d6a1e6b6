package import Core
import Ports

extension ControlPlane {
    /// The newest lines that the instances of a lane have written; then, where the newest promotion did not go as asked, the
    /// last ones of what it failed by, until they are pruned.
    package func output(of id: LaneID, lines: Int, by caller: Caller) async throws -> [String] {
        try await self.authorize(caller, .view, on: .lane(id))
        _ = try await self.known(id)
        let lane = try await self.journal.lane(id).machine
        var all: [String] = []
        for number in lane.capacities.keys.sorted() {
            all += try await self.doors.runtime.output(CapacityKey(lane: id, number: number), lines: lines)
        }
        guard let ended = lane.recent.last, ended.wentWrong, lane.deployment == nil else {
            return Array(all.suffix(lines))
        }
        let failed = try await self.lastWords(of: ended, in: lane, id, lines: lines)
        // Neither hides the other.
        return Array(all.suffix(max(lines / 2, lines - failed.count)))
            + failed.suffix(max(lines - all.count, lines - lines / 2))
    }

    /// Under a heading each: what its instances wrote, its verify or task, its build.
    private func lastWords(
        of ended: EndedPromotion, in lane: Lane, _ id: LaneID, lines: Int
    ) async throws -> [String] {
        var all = ["slipway: \(ended.candidate.version) (\(id)/\(ended.number)) failed: \(ended.reason)"]
        if ended.kind == .forward, lane.capacities[ended.number] == nil {
            // It is stopped; the target keeps what the newest few have written.
            let key = CapacityKey(lane: id, number: ended.number)
            let output = (try? await self.doors.runtime.output(key, lines: lines)) ?? []
            if !output.isEmpty { all += ["slipway: the last lines of its instances:"] + output }
        }
        if !ended.lastLines.isEmpty, !all.suffix(ended.lastLines.count).elementsEqual(ended.lastLines) {
            all += ["slipway: the last lines of what it failed by:"] + ended.lastLines
        }
        let release = try await self.journal.release(ended.candidate.release).machine
        if release.phase == .failed, let log = release.log,
            let bytes = try await self.doors.blobs.read(log.digest, limit: 32 << 20)
        {
            let text = String(decoding: bytes.suffix(1 << 20), as: UTF8.self)
            all +=
                ["slipway: the last lines of its build:"]
                + text.split(separator: "\n", omittingEmptySubsequences: false).suffix(lines).map(String.init)
        }
        return all
    }
}

extension EndedPromotion {
    /// Not as it was asked for, and not by a person's wish.
    fileprivate var wentWrong: Bool {
        switch self.end {
        case .deployment(.failed), .deployment(.aborted), .removed(.rejected): true
        case .deployment(.completed), .deployment(.rolledBack), .deployment(.superseded), .removed(.cancelled),
            .removed(.superseded), .removed(.expired):
            false
        }
    }
}
