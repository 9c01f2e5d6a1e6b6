import Core
import Logging
import Ports

/// Builds what waits to be built, the oldest first, one after the other: a build may use the whole machine.
struct Builds: Sendable {
    let journal: Journal
    let doors: Doors
    let logger: Logger

    func run(_ pokes: AsyncStream<Void>) async {
        await pokes.atEachPoke("builds", self.logger) {
            while let release = try await self.next(), !Task.isCancelled { try await self.advance(release) }
        }
    }

    /// The oldest release that has something outstanding.
    private func next() async throws -> Loaded<Release>? {
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
        guard let oldest = waiting.min(by: { ($0.at, $0.id) < ($1.at, $1.id) }) else { return nil }
        return try await self.journal.release(oldest.id)
    }

    private func advance(_ loaded: Loaded<Release>) async throws {
        guard let effect = loaded.machine.pending.first, let origin = loaded.machine.origin else { return }
        switch effect {
        case .build:
            let report = try await self.build(origin)
            try await self.journal.decide(Release.self, loaded.stream, by: .system) { now in
                switch report.outcome {
                case .built(let artifact): .built(artifact, tests: report.tests, log: report.log, at: now)
                case .failed(let reason): .failed(reason, tests: report.tests, log: report.log, at: now)
                }
            }
        case .tag:
            do {
                try await self.doors.source.tag(
                    "v\(origin.version)", commit: origin.commit, message: "Release \(origin.version)",
                    in: origin.repository)
            } catch is CancellationError {
                throw CancellationError()
            } catch {
                // The release stands without its tag: a repository that is gone must not stop a deployment.
                self.logger.warning("release \(origin.id): its tag could not be made: \(error)")
            }
            try await self.journal.decide(Release.self, loaded.stream, by: .system) { .tagged(at: $0) }
        }
    }

    private func build(_ origin: Release.Origin) async throws -> BuildReport {
        do {
            if let file = origin.file {
                let artifact = try await self.doors.builder.take(file: file)
                return BuildReport(outcome: .built(artifact), log: nil, tests: nil)
            }
            guard let configuration = origin.configuration.build else {
                return BuildReport(
                    outcome: .failed("slipway.yaml has no `build`; add one, or give the file with --artifact"),
                    log: nil,
                    tests: nil)
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
