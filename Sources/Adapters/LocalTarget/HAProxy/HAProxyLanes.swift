import Core

/// One thing at a time in each lane, in the order of asking. An actor because calls for one lane come from the engine's
/// tasks and from the supervision at once, and each is many steps that must not mix.
actor HAProxyLanes {
    private var last: [LaneID: Task<Void, Never>] = [:]
    private var processes: [LaneID: DetachedProcess] = [:]
    /// Why a lane's process could not be started at the last try.
    private var troubles: [LaneID: String] = [:]

    /// Waits for all earlier work in the lane, then works. The work runs in a task of its own: the caller's
    /// cancellation must not cut a switch in the middle, and each of its steps has a time limit.
    func take<Result: Sendable>(
        _ lane: LaneID, _ work: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        let earlier = self.last[lane]
        let task = Task {
            await earlier?.value
            return try await work()
        }
        self.last[lane] = Task { _ = await task.result }
        return try await task.value
    }

    /// The processes to watch.
    var watched: [LaneID: DetachedProcess] { self.processes }

    /// It runs, or (nil) it should not.
    func watch(_ lane: LaneID, _ process: DetachedProcess?) {
        self.processes[lane] = process
        self.troubles[lane] = nil
    }

    func trouble(_ lane: LaneID) -> String? { self.troubles[lane] }

    /// It can't be started; true if that is news.
    func fail(_ lane: LaneID, _ trouble: String) -> Bool {
        self.troubles.updateValue(trouble, forKey: lane) != trouble
    }
}
