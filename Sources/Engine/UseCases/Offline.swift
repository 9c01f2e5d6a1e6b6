package import Core
import Ports

extension ControlPlane {
    /// Runs one lane while `body` does, and no longer: how a data folder without a server is moved. The caller holds the ledger's term.
    package func running<T: Sendable>(_ id: LaneID, _ body: @Sendable () async throws -> T) async throws -> T {
        let news = self.journal.news.listen(.everything)
        let (pokes, sink) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let runner = LaneRunner(
            journal: self.journal, doors: self.doors, windows: self.windows, id: id, logger: self.logger)
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await runner.run(pokes: pokes) }
            group.addTask {
                for await _ in news { sink.yield() }
            }
            defer {
                sink.finish()
                group.cancelAll()
            }
            return try await body()
        }
    }

    /// Waits until the lane's state is as asked for; refused when `limit` has passed.
    package func wait(
        for id: LaneID, upTo limit: Milliseconds, until isThere: @Sendable (Lane) -> Bool
    ) async throws -> Lane {
        let deadline = self.journal.time.now() + limit
        while true {
            let lane = try await self.journal.lane(id).machine
            if isThere(lane) { return lane }
            guard self.journal.time.now() < deadline else {
                throw Refusal(
                    .wrongState,
                    "\(id) did not get there within \(limit.words). `slipway log lane/\(id)` says how far it came; "
                        + "what is outstanding goes on with the next `slipway serve`.")
            }
            try await Task.sleep(for: .milliseconds(20))
        }
    }
}
