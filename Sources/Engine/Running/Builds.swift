import Core
import Logging
import Ports

/// Builds what waits to be built, the oldest first, one after the other: a build may use the whole machine. Makes the tags of what was built.
struct Builds: Sendable {
    let journal: Journal
    let doors: Doors
    let logger: Logger

    private static let looksForRoomEvery = Milliseconds.seconds(15)

    func run(_ pokes: AsyncStream<Void>, again: AsyncStream<Void>.Continuation) async {
        var tags = Postponed()
        await withDiscardingTaskGroup { group in
            await pokes.atEachPoke("builds", self.logger) {
                while let release = try await self.next(tags), !Task.isCancelled {
                    guard let due = try await self.advance(release, &tags) else { continue }
                    group.addTask { [time = self.journal.time] in
                        await time.wait(until: due)
                        again.yield()
                    }
                }
            }
            group.cancelAll()
        }
    }

    /// The oldest release that is to be built; if there is none, the oldest that is to be tagged now.
    private func next(_ tags: Postponed) async throws -> Loaded<Release>? {
        var after: String?
        var waiting: [ReleaseRow] = []
        while true {
            let rows = try await self.journal.ledger.rows(.releases, scope: nil, after: after, limit: 1_000)
            for row in rows {
                guard let body = row.body else { continue }
                let summary = try EventJSON.decode(ReleaseRow.self, from: body)
                if summary.phase == .building || summary.isToBeTagged { waiting.append(summary) }
            }
            guard rows.count == 1_000, let last = rows.last else { break }
            after = last.key
        }
        let now = self.journal.time.now()
        for row in waiting.sorted(by: {
            ($0.isToBeTagged ? 1 : 0, $0.at, $0.id) < ($1.isToBeTagged ? 1 : 0, $1.at, $1.id)
        }) {
            let release = try await self.journal.release(row.id)
            if row.isToBeTagged ? tags.isDue(release, at: now) : tags.noRoomUntil <= now { return release }
        }
        return nil
    }

    /// When to look at it again, if it could not be tagged, or there is no room to build it.
    private func advance(_ loaded: Loaded<Release>, _ tags: inout Postponed) async throws -> Instant? {
        guard let effect = loaded.machine.pending.first, let origin = loaded.machine.origin else { return nil }
        switch effect {
        case .build:
            if let room = self.doors.room(), room.isLow {
                self.logger.warning("release \(origin.id) waits: \(room.sentence)")
                tags.noRoomUntil = self.journal.time.now() + Self.looksForRoomEvery
                return tags.noRoomUntil
            }
            let report = try await self.build(origin)
            try await self.journal.decide(Release.self, loaded.stream, by: .system) { now in
                switch report.outcome {
                case .built(let artifact): .built(artifact, tests: report.tests, log: report.log, at: now)
                case .failed(let reason): .failed(reason, tests: report.tests, log: report.log, at: now)
                }
            }
            return nil
        case .tag:
            guard let problem = try await self.tag(origin) else {
                try await self.journal.decide(Release.self, loaded.stream, by: .system) { .tagged(at: $0) }
                return nil
            }
            // The release stands without its tag: a repository that is gone must not stop a deployment.
            self.logger.warning("release \(origin.id): its tag \(origin.tag) could not be made: \(problem)")
            try await self.journal.decide(Release.self, loaded.stream, by: .system) { .tagFailed(problem, at: $0) }
            return tags.postpone(try await self.journal.release(origin.id), at: self.journal.time.now())
        }
    }

    /// Makes the tag, and pushes it where the release says so, if that is not done already; why it could not be done.
    private func tag(_ origin: Release.Origin) async throws -> String? {
        do {
            try await self.doors.source.tag(
                origin.tag, commit: origin.commit, message: "Release \(origin.version)", in: origin.repository)
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            return String("\(error)".prefix(2_000))
        }
        switch origin.configuration.tags ?? .standard {
        case .local: return nil
        case .push: break
        }
        do {
            try await self.doors.source.pushTag(origin.tag, in: origin.repository)
            return nil
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            return "it is made here and could not be pushed: " + String("\(error)".prefix(2_000))
        }
    }

    private func build(_ origin: Release.Origin) async throws -> BuildReport {
        do {
            // A file is packed when it is asked for; an older Slipway left that for later, when the file may be another one.
            guard origin.file == nil else {
                return BuildReport(
                    outcome: .failed("its file was not packed when it was asked for; give it again with --artifact"),
                    log: nil, tests: nil)
            }
            guard let configuration = origin.configuration.build else {
                return BuildReport(
                    outcome: .failed("slipway.yaml has no `build`; add one, or give the file with --artifact"),
                    log: nil, tests: nil)
            }
            return try await self.doors.builder.build(
                BuildOrder(
                    release: origin.id, service: origin.service, version: origin.version, commit: origin.commit,
                    repository: origin.repository, configuration: configuration))
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            return BuildReport(outcome: .failed("the build could not be run: \(error)"), log: nil, tests: nil)
        }
    }
}

/// What waits: builds for room on the disk, and tags that could not be made. A tag is tried again when its release has a new event (a person asks for it again), when its time has come,
/// and after a start.
private struct Postponed {
    /// Nothing is built before then.
    var noRoomUntil = Instant(milliseconds: .min)
    private var postponed: [StreamID: (number: Int, failures: Int, due: Instant)] = [:]

    func isDue(_ release: Loaded<Release>, at now: Instant) -> Bool {
        guard let postponed = self.postponed[release.stream] else { return true }
        return postponed.number != release.number || postponed.due <= now
    }

    /// A minute at first, then twice as long each time, at most an hour.
    mutating func postpone(_ release: Loaded<Release>, at now: Instant) -> Instant {
        let failures = self.postponed[release.stream]?.failures ?? 0
        let due = now + Milliseconds.minutes(min(1 << min(failures, 6), 60))
        self.postponed[release.stream] = (release.number, failures + 1, due)
        return due
    }
}
