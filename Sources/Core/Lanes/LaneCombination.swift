// A promotion that may enter beside what it was never verified together with, by the word of a named person.
extension LaneDecision {
    mutating func overrideCombination(
        _ number: Int, with others: [String], by actor: Actor, _ reason: String
    ) throws(Refusal) {
        guard let queued = self.lane.queue.first(where: { $0.number == number }) else {
            throw Refusal(
                .notFound, "No promotion \(number) waits here. `slipway queue` shows what waits, and for what.")
        }
        guard !others.isEmpty, queued.combination?.with != others else {
            throw Refusal(.nothingToDo, "No combination keeps promotion \(number) waiting.")
        }
        try self.emit(
            .combinationOverridden(
                Lane.CombinationOverridden(number: number, with: others, by: actor, reason: reason, at: self.now)))
    }
}

extension Lane {
    /// Times in which a release stood here, verified; the last may not have ended.
    package func stays(of release: ReleaseID) -> [(from: Instant, until: Instant?)] {
        self.history.filter { $0.release == release }.map { ($0.verifiedAt, $0.leftAt) }
    }
}
