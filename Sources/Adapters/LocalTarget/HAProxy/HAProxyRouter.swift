package import Core
import Glibc
package import Logging
package import Ports

/// Splits the traffic of lanes with one HAProxy per lane. Traffic changes only over the runtime socket, never by a
/// reload, which loses requests of connections that are kept alive.
package struct HAProxyRouter: Router {
    package struct Settings: Sendable {
        /// The data folder; files are below `lanes/SERVICE/ENVIRONMENT/router`.
        package var data: String
        /// A folder of this user's own, for sockets of lanes whose own folder has too long a path. Made when needed.
        package var socketFolder: String
        /// HAProxy's program; nil: looked for in the usual folders.
        package var program: String?
        /// Where previews listen: outside the kernel's ephemeral range and apart from the ports of instances.
        package var previewPorts: ClosedRange<Int> = 18_000...19_999
        /// For one answer of the runtime socket.
        package var answerLimit: Duration = .seconds(2)
        /// Bytes of log lines that may wait to be read. The kernel counts about 800 for each line.
        package var logRoom: Int32 = 8 << 20
        /// From the start of a process to its first answer.
        package var startLimit: Duration = .seconds(10)

        package init(data: String, socketFolder: String) {
            self.data = data
            self.socketFolder = socketFolder
        }

        func findProgram() throws(TargetError) -> String {
            let usual = ["/usr/sbin/haproxy", "/usr/local/sbin/haproxy", "/usr/bin/haproxy", "/usr/local/bin/haproxy"]
            let candidates = self.program.map { [$0] } ?? usual
            if let found = candidates.first(where: { access($0, X_OK) == 0 }) { return found }
            throw TargetError(
                .programMissing,
                "HAProxy is not installed (looked for \(candidates.joined(separator: ", "))): apt-get install haproxy",
                retryable: false)
        }
    }

    /// Where a switch can be cut; in this order.
    package enum Step: Int, Sendable, CaseIterable, Comparable {
        /// The newer term and generation are on disk, nothing else has changed.
        case fenced
        /// The new version's servers are ready and confirmed, without traffic.
        case raised
        /// The switch was sent.
        case turned
        /// It was read back.
        case confirmed
        /// The configuration file has it.
        case configured
        /// The record has it.
        case recorded
        /// What is no longer wanted gets nothing new.
        case lowered

        package static func < (left: Step, right: Step) -> Bool { left.rawValue < right.rawValue }
    }

    private let settings: Settings
    private let table: ProcessTable
    private let logger: Logger
    private let atStep: @Sendable (Step) async throws -> Void
    private let lanes = HAProxyLanes()
    private let logs: HAProxyLogs

    /// `atStep` is called between the steps of each switch: tests cut there, by throwing or by killing.
    package init(
        settings: Settings, table: ProcessTable, logger: Logger,
        atStep: @escaping @Sendable (Step) async throws -> Void = { _ in }
    ) {
        self.settings = settings
        self.table = table
        self.logger = logger
        self.logs = HAProxyLogs(room: settings.logRoom, logger: logger)
        self.atStep = atStep
    }

    package func apply(_ routing: Routing, term: Term) async throws -> RoutingReport {
        let lane = self.lane(routing.lane)
        let report = try await self.lanes.take(routing.lane) { try await lane.apply(routing, term: term) }
        await self.watch(routing.lane)
        return report
    }

    package func read(_ lane: LaneID) async throws -> RoutingReport? {
        let work = self.lane(lane)
        return try await self.lanes.take(lane) { try await work.read() }
    }

    package func requestsUnderWay(_ key: CapacityKey) async throws -> Int {
        let work = self.lane(key.lane)
        return try await self.lanes.take(key.lane) { try await work.requestsUnderWay(key) }
    }

    package func counts(_ lane: LaneID) async throws -> TrafficCounts? {
        let work = self.lane(lane)
        guard let look = try await self.lanes.take(lane, { try await work.look() }) else { return nil }
        // Outside of the lane's turn: a switch does not wait for lines of a log.
        return look.counts(try await self.logs.times(look, files: work.files))
    }

    package func deaths(_ lane: LaneID) async throws -> RouterDeaths? { try self.lane(lane).files.record()?.deaths }

    package func trouble(_ lane: LaneID) async -> String? { await self.lanes.trouble(lane) }

    package func remove(_ lane: LaneID, term: Term) async throws {
        let work = self.lane(lane)
        try await self.lanes.take(lane) { try await work.remove(term: term) }
        await self.lanes.watch(lane, nil)
    }

    /// Keeps every lane's HAProxy up from its record, without the engine: also after a reboot. Runs until its task is
    /// cancelled.
    package func run() async {
        let clock = ContinuousClock()
        var patience: [LaneID: (next: ContinuousClock.Instant, wait: Duration)] = [:]
        var nextSearch = clock.now
        while !Task.isCancelled {
            var dead = await self.dead()
            if clock.now >= nextSearch {
                let watched = await self.lanes.watched
                dead += HAProxyFiles.lanes(data: self.settings.data).filter { watched[$0] == nil }
                nextSearch = clock.now + .seconds(1)
            }
            for lane in dead where patience[lane].map({ clock.now >= $0.next }) ?? true {
                if await self.revive(lane) {
                    patience[lane] = nil
                } else {
                    let wait = min(patience[lane].map { $0.wait * 2 } ?? .milliseconds(100), .seconds(5))
                    patience[lane] = (clock.now + wait, wait)
                }
            }
            try? await clock.sleep(for: .milliseconds(50))
        }
    }

    private func dead() async -> [LaneID] {
        await self.lanes.watched.filter { lane, process in
            do {
                return try !self.table.isRunning(process)
            } catch {
                self.logger.warning("HAProxy of \(lane) can't be watched: \(error)")
                return false
            }
        }.keys.sorted()
    }

    /// false if it has to be tried again.
    private func revive(_ lane: LaneID) async -> Bool {
        let work = self.lane(lane)
        do {
            let process = try await self.lanes.take(lane) { try await work.revive() }
            await self.lanes.watch(lane, process)
            return true
        } catch {
            if await self.lanes.fail(lane, "\(error)") {
                self.logger.error("HAProxy of \(lane) can't be started: \(error) It is tried again and again.")
            }
            return false
        }
    }

    private func watch(_ lane: LaneID) async { _ = await self.revive(lane) }

    private func lane(_ lane: LaneID) -> HAProxyLane {
        HAProxyLane(
            lane: lane,
            files: HAProxyFiles(data: self.settings.data, lane: lane, socketFolder: self.settings.socketFolder),
            settings: self.settings, table: self.table, logs: self.logs, atStep: self.atStep)
    }
}
