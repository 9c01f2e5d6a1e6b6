import APIClient

/// What the demo tells: eight versions of a shop, two of them bad, two crashes, a way back, and an emergency; under load all the while.
struct Story: Sendable {
    let server: ServerProcess
    let repository: SampleRepository
    let progress: Progress

    static let requestsPerSecond = 300

    private var address: String { "http://127.0.0.1:\(self.repository.ports[2])/" }

    /// Tells it, hands over the report, stays up if asked to, and takes everything down.
    func tell(stays: Bool, over: @Sendable (DemoReport) -> Void) async throws {
        let log = LoadLog()
        let stop = StopSign()
        let (starts, start) = AsyncStream<Void>.makeStream()
        let (ends, end) = AsyncStream<Void>.makeStream()
        let generator = LoadGenerator(url: self.address, perSecond: Self.requestsPerSecond)
        async let load: Void = {
            // Nothing is sent before the first version serves.
            for await _ in starts { break }
            await generator.run(into: log, until: stop)
            end.finish()
        }()

        var findings = try await self.server.run { running in
            let stage = Stage(client: running.client, repository: self.repository)
            let first = try await self.open(stage, generator)
            start.yield()
            self.progress.step("1.0.0 serves; from here on it gets \(Self.requestsPerSecond) requests a second")
            self.progress.step(self.line(try await stage.end(of: first, as: .completed), log))
            try await self.blueGreen(stage, log)
            try await self.badRelease(stage, log)
            return Findings(interruptions: [try await self.crash(stage, running)])
        }
        findings = try await self.server.run { [findings] running in
            let stage = Stage(client: running.client, repository: self.repository)
            var findings = findings
            try await self.goOn(stage, running, log, &findings)
            try await self.canary(stage, log)
            findings.stopped = try await self.badCanary(stage, log)
            findings.interruptions.append(try await self.crashAtQuarter(stage, running))
            return findings
        }
        try await self.server.run { [findings] running in
            let stage = Stage(client: running.client, repository: self.repository)
            var findings = findings
            try await self.goOn(stage, running, log, &findings)
            try await self.goBack(stage, log, &findings)
            try await self.changeControl(stage, log)
            try await self.prove(stage, &findings)
            stop.set()
            for await _ in ends {}
            let report = findings.report(log)
            self.summary(report, log)
            if let seconds = findings.secondsToFind(log) {
                self.progress.step(
                    "the bad canary was taken back \(Self.rounded(seconds)) s after its first wrong answer")
            }
            over(report)
            if stays && report.ok { try await self.stay(running) }
            try await stage.down()
        }
        await load
    }

    private func stay(_ running: ServerProcess.Running) async throws {
        let data = self.server.dataFolder
        self.progress.chapter("The server stays up: \(running.client.connection.address)")
        self.progress.step("sign in with the token in \(data)/token")
        self.progress.step("look around: slipway status --data \(data)")
        self.progress.step("Ctrl-C stops everything and removes what the demo made")
        while true { try await Task.sleep(for: .seconds(3_600)) }
    }
}

// MARK: Chapters

extension Story {
    /// 1.0.0: the first release, whole, into production; until production gives its first answer.
    private func open(_ stage: Stage, _ generator: LoadGenerator) async throws -> Wire.Promotion {
        self.progress.chapter("A shop opens")
        self.progress.step("the server answers at \(stage.client.connection.address)")
        try await self.repository.begin()
        let applied = try await stage.apply()
        self.progress.step("its repository is made; \(applied.service) is registered, definition \(applied.definition)")
        let release = try await stage.release(version: "1.0.0")
        self.progress.step("1.0.0 is built from commit \(release.commit.prefix(10))")
        let promotion = try await stage.promote(release)
        try await Stage.wait(for: "the first answer of production", within: .seconds(60)) {
            try await self.stillRuns(promotion, stage)
            return await generator.answers() ? () : nil
        }
        return promotion
    }

    private func stillRuns(_ promotion: Wire.Promotion, _ stage: Stage) async throws {
        let now = try await stage.client.promotion(promotion.id)
        guard now.state.isEnd, now.state != .completed else { return }
        _ = try await stage.end(of: promotion, as: .completed)
    }

    /// 1.1.0: beside the old version, tested there, one switch.
    private func blueGreen(_ stage: Stage, _ log: LoadLog) async throws {
        self.progress.chapter("A feature, by blue-green")
        try await self.repository.commit(1)
        let applied = try await stage.apply()
        self.progress.step("definition \(applied.definition): \(applied.differences.joined(separator: "; "))")
        try await self.ship(stage, log, as: .completed)
    }

    /// 1.2.0: works in staging, and its preview in production fails the smoke test.
    private func badRelease(_ stage: Stage, _ log: LoadLog) async throws {
        self.progress.chapter("A bad release")
        try await self.repository.commit(2)
        let ended = try await self.ship(stage, log, as: .failed)
        let got = log.counts().byVersion[ended.version] ?? 0
        let words = ended.lastLines.suffix(2).joined(separator: " ")
        self.progress.step("it got \(got) requests; its smoke test on the preview said: \(words)")
    }

    /// Releases the newest commit and promotes it to production.
    @discardableResult
    func ship(_ stage: Stage, _ log: LoadLog, as state: Wire.PromotionState) async throws -> Wire.Promotion {
        let release = try await stage.release(version: nil)
        self.progress.step("\(release.version) is built: \(release.subject ?? String(release.commit.prefix(10)))")
        let promotion = try await stage.promote(release)
        let ended = try await stage.end(of: promotion, as: state)
        self.progress.step(self.line(ended, log))
        return ended
    }

    /// 1.2.1: in the middle of its deployment the control plane is killed.
    private func crash(_ stage: Stage, _ running: ServerProcess.Running) async throws -> Findings.Interruption {
        self.progress.chapter("The control plane dies in the middle of a deployment")
        let promotion = try await self.begin(stage, commit: 3)
        // Its new instances are up by then, and the switch is not done.
        return try await self.kill(running, stage, during: promotion) { $0.step ?? 0 >= 1 }
    }

    /// Commits, releases and promotes to production.
    func begin(_ stage: Stage, commit number: Int) async throws -> Wire.Promotion {
        try await self.repository.commit(number)
        let release = try await stage.release(version: nil)
        self.progress.step("\(release.version) is built: \(release.subject ?? String(release.commit.prefix(10)))")
        return try await stage.promote(release)
    }

    /// SIGKILL as soon as the deployment has come so far.
    func kill(
        _ running: ServerProcess.Running, _ stage: Stage, during promotion: Wire.Promotion,
        when isFar: (Wire.Promotion) -> Bool
    ) async throws -> Findings.Interruption {
        let deploying = try await Stage.wait(for: "the deployment of \(promotion.version)", within: .seconds(60)) {
            let now = try await stage.client.promotion(promotion.id)
            return now.state == .waiting || now.state == .deploying && !isFar(now) ? nil : now
        }
        guard deploying.state == .deploying else {
            throw DemoFailure(
                .unexpected, "\(deploying.id) was \(deploying.state.rawValue) before it could be interrupted.")
        }
        let last = try await stage.events().last?.position ?? 0
        try running.kill()
        self.progress.step("SIGKILL while \(deploying.version) goes into production; what serves goes on serving")
        return Findings.Interruption(promotion: deploying, killedAt: LoadGenerator.now, lastPosition: last)
    }

    /// Started again, it goes on where it was.
    private func goOn(
        _ stage: Stage, _ running: ServerProcess.Running, _ log: LoadLog, _ findings: inout Findings
    ) async throws {
        guard var interruption = findings.interruptions.popLast() else { return }
        let moved = try await Stage.wait(for: "the lane to move again", within: .seconds(30)) {
            try await self.signOfLife(interruption, since: running.startedAt, stage)
        }
        interruption.restartedAt = running.startedAt
        interruption.movedAt = moved
        let seconds = Double(moved - running.startedAt) / 1_000
        self.progress.step("started again, it goes on after \(Self.rounded(seconds)) s")
        interruption.promotion = try await stage.end(of: interruption.promotion, as: .completed)
        self.progress.step(self.line(interruption.promotion, log))
        findings.interruptions.append(interruption)
    }

    /// When the interrupted lane went on: its first event, or the first look at its traffic (a canary that is observed
    /// writes events only when there is something to say).
    private func signOfLife(
        _ interruption: Findings.Interruption, since start: Int64, _ stage: Stage
    ) async throws -> Int64? {
        let events = try await stage.events(after: interruption.lastPosition)
        if let event = events.compactMap({ Findings.time($0.at) }).first(where: { $0 >= start }) { return event }
        let arms = (try? await stage.client.traffic(interruption.promotion.id))?.arms ?? []
        return arms.flatMap(\.points).compactMap { Findings.time($0.at) }.filter { $0 >= start }.min()
    }

    private func goBack(_ stage: Stage, _ log: LoadLog, _ findings: inout Findings) async throws {
        self.progress.chapter("Back to the version before")
        findings.leftVersion = try await stage.lane().serving.first?.version
        let ordered = try await stage.client.rollback(
            service: Stage.service, environment: Stage.production,
            Wire.Act(reason: "customers ask where the old checkout is"))
        let ended = try await stage.end(of: ordered, as: .rolledBack)
        findings.rollback = ended
        // What the load gets from now on shows whether the traffic is really back.
        let since = LoadGenerator.now
        try await Stage.wait(for: "answers of \(ended.version)", within: .seconds(10)) {
            let counts = log.counts(from: since)
            return counts.requests >= Self.requestsPerSecond / 2 ? () : nil
        }
        self.progress.step("\(ended.version) serves again; the lane is held until a person releases it")
    }

    private func prove(_ stage: Stage, _ findings: inout Findings) async throws {
        self.progress.chapter("The record")
        let audit = try await stage.client.verifyAudit()
        findings.audit = audit
        findings.events = try await stage.events()
        findings.lanes = try await stage.client.status(service: Stage.service).services.flatMap(\.environments)
        self.progress.step(
            audit.verified
                ? "\(audit.records) records in \(audit.streams) streams: every hash and seal is right"
                : "the record is NOT whole: \(audit.problem ?? "?")")
    }

    // MARK: Lines

    func line(_ promotion: Wire.Promotion, _ log: LoadLog) -> String {
        let (start, end) = (Findings.time(promotion.startedAt), Findings.time(promotion.endedAt))
        let counts = log.counts(from: start, to: end)
        let verb = promotion.state == .completed ? "serves" : promotion.state.rawValue
        var text = "\(promotion.version) \(verb) in"
        text += " \(promotion.environment)"
        if let start, let end { text += " after \(Self.rounded(Double(end - start) / 1_000)) s" }
        return text + " (\(promotion.strategy ?? "?")); \(counts.failed) of \(counts.requests) requests failed"
    }

    private func summary(_ report: DemoReport, _ log: LoadLog) {
        let counts = log.counts()
        self.progress.chapter(report.ok ? "It all held" : "NOT as it should be: \(report.reason ?? "?")")
        let slow = log.percentile(0.99).map { ", 99 % within \($0) ms" } ?? ""
        self.progress.step(
            "\(counts.requests) requests, \(counts.failed) failed\(slow)"
                + (counts.failedByVersion.keys.sorted().map { "; all by \($0), the bad canary" }.first ?? ""))
        if let crash = report.crash {
            let seconds = Self.rounded(crash.resumeSeconds)
            self.progress.step("killed and resumed in \(seconds) s: \(crash.failed) of \(crash.requests) failed")
        }
        if let rollback = report.rollback {
            let time = "\(rollback.milliseconds) ms"
            self.progress.step("the traffic was back \(time) after the order; \(rollback.failed) failed")
        }
    }

    /// With two digits.
    static func rounded(_ seconds: Double) -> String {
        let hundredths = Int((seconds * 100).rounded())
        let rest = abs(hundredths % 100)
        return "\(hundredths / 100).\(rest < 10 ? "0" : "")\(rest)"
    }
}
