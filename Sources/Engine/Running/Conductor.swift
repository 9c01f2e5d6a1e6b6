import Core
import Logging
import Ports
import ServiceLifecycle

/// Runs everything that has a life: one task for each lane, the builds, the automatic promotions, the watch over what serves
/// and over the branches that releases are made of, the notices.
/// It ends when its task is cancelled or the process shuts down; the ledger keeps the rest.
package struct Conductor: ServiceLifecycle.Service {
    private let plane: ControlPlane
    private var journal: Journal { self.plane.journal }
    private var doors: Doors { self.plane.doors }
    private var logger: Logger { self.plane.logger }

    package init(plane: ControlPlane) { self.plane = plane }

    package func run() async throws {
        try await cancelWhenGracefulShutdown {
            let news = self.journal.news.listen(.everything)
            let heads = try await self.journal.ledger.heads()
            try await withThrowingDiscardingTaskGroup { group in
                let builds = Builds(journal: self.journal, doors: self.doors, logger: self.logger)
                let automation = Automation(journal: self.journal, logger: self.logger)
                let notices = Notices(journal: self.journal, messenger: self.doors.messenger, logger: self.logger)
                let watch = Watch(journal: self.journal, doors: self.doors, logger: self.logger)
                var fans = Fans()
                group.addTask { [fan = fans.builds] in await builds.run(fan.stream, again: fan.continuation) }
                group.addTask { [stream = fans.automation.stream] in await automation.run(stream) }
                group.addTask { [stream = fans.notices.stream] in await notices.run(stream) }
                group.addTask { await watch.run() }
                let deadlines = ChangeDeadlines(journal: self.journal, logger: self.logger)
                group.addTask { [fan = fans.changes] in await deadlines.run(fan.stream, again: fan.continuation) }
                fans.changes.continuation.yield()
                self.spread(Set(heads.map(\.stream)), &fans, in: &group)
                for await item in news { self.spread(item.streams, &fans, in: &group) }
                fans.finish()
            }
        }
    }

    /// Who hears of what. Each fan keeps one poke at the most: who is poked reads the ledger.
    private struct Fans {
        typealias Fan<T> = (stream: AsyncStream<T>, continuation: AsyncStream<T>.Continuation)
        let builds: Fan<Void> = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        let notices: Fan<Void> = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        let changes: Fan<Void> = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        let automation: Fan<Set<StreamID>> = AsyncStream.makeStream()
        var lanes: [LaneID: AsyncStream<Void>.Continuation] = [:]
        var branches: [ServiceName: AsyncStream<Void>.Continuation] = [:]

        func finish() {
            self.builds.continuation.finish()
            self.notices.continuation.finish()
            self.changes.continuation.finish()
            self.automation.continuation.finish()
            for lane in self.lanes.values { lane.finish() }
            for branch in self.branches.values { branch.finish() }
        }
    }

    private func spread(
        _ streams: Set<StreamID>, _ fans: inout Fans, in group: inout ThrowingDiscardingTaskGroup<any Error>
    ) {
        var services: Set<ServiceName> = []
        var everyLane = false
        for stream in streams {
            switch stream {
            case .lane(let id):
                services.insert(id.service)
                if fans.lanes[id] == nil { fans.lanes[id] = self.begin(id, in: &group) }
            case .service(let name):
                services.insert(name)
                if let branch = fans.branches[name] {
                    branch.yield()
                } else {
                    fans.branches[name] = self.watchBranch(of: name, in: &group)
                }
            case .release:
                everyLane = true
                fans.builds.continuation.yield()
            case .change:
                everyLane = true
                fans.changes.continuation.yield()
            case .calendar, .directory: everyLane = true
            case .train, .flag, .access, .ledger: break
            }
        }
        for (id, lane) in fans.lanes where everyLane || services.contains(id.service) { lane.yield() }
        fans.automation.continuation.yield(streams)
        fans.notices.continuation.yield()
    }

    /// Looks at the branch at once, at its pace, and when it is poked.
    private func watchBranch(
        of name: ServiceName, in group: inout ThrowingDiscardingTaskGroup<any Error>
    ) -> AsyncStream<Void>.Continuation {
        let (pokes, sink) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        self.plane.branchPokes.reach(name, by: sink)
        let watch = BranchWatch(plane: self.plane, service: name)
        group.addTask { await watch.run(pokes, again: sink) }
        sink.yield()
        return sink
    }

    private func begin(
        _ id: LaneID, in group: inout ThrowingDiscardingTaskGroup<any Error>
    ) -> AsyncStream<Void>.Continuation {
        let (pokes, sink) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let runner = LaneRunner(
            journal: self.journal, doors: self.doors, windows: self.plane.windows, id: id, logger: self.logger)
        let observer = LaneObserver(journal: self.journal, doors: self.doors, id: id, logger: self.logger)
        group.addTask { await runner.run(pokes: pokes) }
        group.addTask { await observer.run() }
        let routing = RoutingWatch(journal: self.journal, doors: self.doors, id: id, logger: self.logger)
        group.addTask { await routing.run() }
        return sink
    }
}
