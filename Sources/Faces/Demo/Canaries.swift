import APIClient

// The chapters on progressive delivery.
extension Story {
    /// 1.3.0: shown to a tenth of the visitors, then to more, judged at each share, and watched after that.
    func canary(_ stage: Stage, _ log: LoadLog) async throws {
        self.progress.chapter("A feature, by canary")
        try await self.repository.commit(4)
        let applied = try await stage.apply()
        self.progress.step("definition \(applied.definition): \(applied.differences.joined(separator: "; "))")
        let ended = try await self.ship(stage, log, as: .completed)
        if let words = try await self.judgement(stage, of: ended) { self.progress.step("the judge: \(words)") }
    }

    /// 1.4.0: fails one request in twenty-five, which no test before saw; the judge takes it back.
    func badCanary(_ stage: Stage, _ log: LoadLog) async throws -> Wire.Promotion {
        self.progress.chapter("A canary that fails four requests in a hundred")
        let promotion = try await self.begin(stage, commit: 5)
        let ended = try await stage.end(of: promotion, as: .aborted)
        self.progress.step(self.line(ended, log))
        let wrong = log.counts().failedByVersion[ended.version] ?? 0
        self.progress.step("\(wrong) visitors got a wrong answer; the judge: \(ended.reason ?? "no reason")")
        return ended
    }

    /// 1.5.0: at a quarter of the traffic the control plane is killed; what it saw so far counts on.
    func crashAtQuarter(_ stage: Stage, _ running: ServerProcess.Running) async throws -> Findings.Interruption {
        self.progress.chapter("The control plane dies in the middle of a canary")
        let promotion = try await self.begin(stage, commit: 6)
        return try await self.kill(running, stage, during: promotion) { now in
            now.steps.firstIndex(of: "observe at 25 %").map { now.step ?? 0 >= $0 } ?? false
        }
    }

    /// The last sentence that the judge put on record for this deployment.
    private func judgement(_ stage: Stage, of promotion: Wire.Promotion) async throws -> String? {
        try await stage.client.why(promotion.id).sentences.map(\.text).last {
            $0.contains("canary ") && $0.contains("requests")
        }
    }
}
