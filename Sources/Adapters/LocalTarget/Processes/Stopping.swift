package import Core
import Logging
package import Ports

extension ProcessRuntime {
    package func stop(_ key: CapacityKey, drain: Milliseconds, term: Term) async throws {
        try self.load()
        guard try self.capacity(key) != nil else {
            // Nothing to stop; but a lane that is there learns the term, and an older one is refused all the same.
            if FileTree.exists(self.lanes.path(key.lane)) { try self.lanes.fence(key.lane, term) }
            return
        }
        try self.lanes.fence(key.lane, term)
        guard self.capacities[key]?.record.phase != .stopped else { return try await self.cleanUp(key) }
        self.capacities[key]?.stops += 1
        try self.update(key) { $0.phase = .stopping }
        try await self.drain(key, for: drain)
        try self.requireStopping(key)
        self.capacities[key]?.isEnding = true
        defer { self.capacities[key]?.isEnding = false }
        let runtime = self
        try await withThrowingTaskGroup(of: Void.self) { group in
            for instance in self.capacities[key]?.record.instances ?? [] {
                group.addTask { try await runtime.end(instance, of: key) }
            }
            try await group.waitForAll()
        }
        try self.update(key) { $0.phase = .stopped }
        self.changed.yield(key)
        try await self.cleanUp(key)
    }

    /// Returns when no request is under way, nothing runs any more, or the time is over. An answer that can't be had is
    /// not taken for 0.
    private func drain(_ key: CapacityKey, for limit: Milliseconds) async throws {
        let deadline = self.clock.now + limit.duration
        while self.clock.now < deadline, try self.isAnyRunning(key) {
            let count = try? await self.requestsUnderWay(key)
            if count == 0 { return }
            try await self.clock.sleep(for: min(.milliseconds(100), max(.milliseconds(1), deadline - self.clock.now)))
            try self.requireStopping(key)
        }
    }

    private func requireStopping(_ key: CapacityKey) throws {
        switch self.capacities[key]?.record.phase {
        case .stopping, .stopped, nil: return
        case .starting, .up:
            throw TargetError(.failed, "\(key) was ordered again while it was drained: it stays up.", retryable: false)
        }
    }

    private func isAnyRunning(_ key: CapacityKey) throws -> Bool {
        try self.capacities[key]?.record.instances.contains { try $0.process.map(self.table.isRunning) ?? false }
            ?? false
    }

    /// Nothing runs here any more. What can't be removed is named in the log and tried again by the next stop: the stop
    /// itself is done.
    private func cleanUp(_ key: CapacityKey) async throws {
        guard let capacity = self.capacities[key] else { return }
        do {
            let folder = self.folder(key)
            for path in try folder.removable(instances: capacity.order.replicas) { try await FileTree.remove(path) }
            try await self.prune(key.lane)
        } catch {
            self.logger.warning("\(error)", metadata: ["lane": "\(key.lane)"])
        }
    }

    /// Keeps the logs of the newest stopped capacities of a lane.
    func prune(_ lane: LaneID) async throws {
        let stopped = self.capacities.values.filter { $0.record.key.lane == lane && $0.record.phase == .stopped }
        let old = stopped.map(\.record.key.number).sorted(by: >).dropFirst(self.settings.keptLogs)
        for number in old {
            let key = CapacityKey(lane: lane, number: number)
            // Forgotten first: an order for it that comes meanwhile begins from nothing, and is refused nothing.
            self.capacities[key] = nil
            try await FileTree.remove(self.folder(key).path)
        }
    }
}
