/// Commands that a lane's words name, with all their arguments: who copies one has only the reason to write.
extension Lane {
    var releaseHoldCommand: String {
        "`slipway hold remove \(self.serviceWord) --env \(self.environmentWord) --reason …`"
    }

    var unpinCommand: String { "`slipway pin remove \(self.serviceWord) --env \(self.environmentWord) --reason …`" }

    var logsCommand: String { "`slipway logs \(self.serviceWord) --env \(self.environmentWord)`" }

    /// `version` nil: the one before.
    func rollbackCommand(to version: String? = nil) -> String {
        let target = version.map { " --to \($0)" } ?? ""
        return "`slipway rollback \(self.serviceWord) --env \(self.environmentWord)\(target) --reason …`"
    }

    var forcedRollbackCommand: String {
        "`slipway rollback \(self.serviceWord) --env \(self.environmentWord) --force-past-point-of-no-return --reason …`"
    }

    func abortCommand(_ number: Int) -> String { "`slipway abort \(self.promotionWord(number)) --reason …`" }

    func skipCommand(_ number: Int) -> String { "`slipway skip \(self.promotionWord(number)) --reason …`" }

    func whyCommand(_ number: Int) -> String { "`slipway why \(self.promotionWord(number))`" }

    func resumeCommand(_ number: Int) -> String { "`slipway resume \(self.promotionWord(number)) --reason …`" }

    func promoteCommand(_ release: ReleaseID) -> String {
        "`slipway promote \(release) --to \(self.environmentWord)`"
    }

    func cancelCommand(_ number: Int) -> String { "`slipway cancel \(self.promotionWord(number))`" }

    func unblockCommand(_ release: ReleaseID) -> String {
        "`slipway block remove \(release) --env \(self.environmentWord) --reason …`"
    }

    /// Lifts the block of a release that was stopped here and asks for it again; the block alone where a person set it
    /// on what ended well or was never here.
    func retryCommand(_ release: ReleaseID) -> String {
        guard let stopped = self.stop(of: release) else { return self.unblockCommand(release) }
        return "`slipway retry \(self.promotionWord(stopped.number)) --reason …`"
    }

    private var serviceWord: String { self.id?.service.text ?? "SERVICE" }
    private var environmentWord: String { self.id?.environment.text ?? "ENVIRONMENT" }
    private func promotionWord(_ number: Int) -> String { "\(self.serviceWord)/\(self.environmentWord)/\(number)" }
}

extension Alarm {
    /// What is wrong, and what to do next.
    package var inWords: String { "\(self.reason.asSentence) Next: \(self.nextAction.asSentence)" }
}

extension String {
    /// Ended by a full stop, unless it ends as a sentence does.
    package var asSentence: String { [".", "!", "?", "…"].contains(self.last) ? self : self + "." }

    /// Without the full stop at its end, so that a sentence can go on behind it; dots of an omission stay.
    package var asClause: String {
        self.hasSuffix(".") && !self.hasSuffix("..") ? String(self.dropLast()) : self
    }
}
