import Core
import Glibc
package import Ports

extension ProcessRuntime {
    package func ensure(_ order: CapacityOrder, term: Term) async throws -> CapacityReport {
        try InstanceLaunch.check(order)
        try self.load()
        try self.lanes.fence(order.key.lane, term)
        let surplus = try self.begin(order)
        for instance in surplus { try await self.end(instance, of: order.key) }
        let stops = self.capacities[order.key]?.stops
        try await self.unpackOnce(order)
        try self.requireUnstopped(order.key, since: stops)
        do {
            try self.startMissing(order.key)
            return try await self.awaitReady(order, since: stops)
        } catch let error as TargetError {
            // Cancellation is no failure: what was started is taken over by the next order.
            try await self.giveUp(order.key, since: stops)
            throw error
        }
    }

    /// Writes the order down before anything is started for it. Returns instances that are no longer wanted.
    private func begin(_ order: CapacityOrder) throws -> [CapacityRecord.Instance] {
        let key = order.key
        var capacity =
            try self.capacity(key)
            ?? Capacity(order: order, record: CapacityRecord(key: key, phase: .starting))
        guard !capacity.isEnding else {
            throw TargetError(.failed, "\(key) is being stopped at this moment. Order it again.", retryable: true)
        }
        guard capacity.record.instances.isEmpty || InstanceLaunch.isSame(capacity.order, order) else {
            throw TargetError(
                .invalid,
                "\(key) is up with another release, command or variables. A capacity is never changed in place: "
                    + "stop it, or order a new number.", retryable: false)
        }
        if capacity.record.phase == .stopped { (capacity.record.restarts, capacity.record.lastDeath) = (0, nil) }
        if capacity.record.phase != .up { capacity.record.phase = .starting }
        capacity.order = order
        let surplus = capacity.record.instances.filter { $0.number > order.replicas }
        let known = Set(capacity.record.instances.map(\.number))
        var taken = self.takenPorts()
        for number in 1...order.replicas where !known.contains(number) {
            let port = try self.ports.choose(taken: taken)
            taken.insert(port)
            capacity.record.instances.append(.init(number: number, port: port, process: nil))
        }
        let folder = self.folder(key)
        try folder.makeFolders(instances: Array(1...order.replicas))
        try folder.save(order)
        try folder.save(capacity.record)
        self.capacities[key] = capacity
        return surplus
    }

    private func takenPorts() -> Set<Int> {
        Set(self.capacities.values.flatMap { $0.record.instances.map(\.port) })
    }

    func requireUnstopped(_ key: CapacityKey, since stops: Int?) throws {
        guard self.capacities[key]?.stops == stops else {
            throw TargetError(.failed, "\(key) was stopped while it was being started.", retryable: true)
        }
    }

    /// The artifact's content, whole or not at all: unpacked beside and renamed.
    private func unpackOnce(_ order: CapacityOrder) async throws {
        let folder = self.folder(order.key)
        guard !FileTree.exists(folder.content) else { return }
        guard let archive = try await self.blobs.path(order.artifact) else {
            throw TargetError(
                .failed,
                "The artifact \(order.artifact) of \(order.key) is not in the blob store. Build the release again.",
                retryable: false)
        }
        let partial = "\(folder.path)/content.\(UInt32.random(in: 0...UInt32.max))"
        try FolderTree.make(partial)
        do {
            try await self.unpack(archive, partial)
            // On disk before the name says that it is whole: a power cut must not leave empty files under it.
            try await FileWork.run { try FolderTree.flush(partial) }
            // Another call for the same capacity may have been faster; both unpacked the same bytes.
            if !FileTree.exists(folder.content) { try FolderTree.rename(partial, to: folder.content) }
        } catch {
            try? await FileTree.remove(partial)
            throw error
        }
        for rest in try folder.partial() { try await FileTree.remove(rest) }
    }

    /// Starts the instances that don't run. Those that do are left as they are; one that died after all were ready waits
    /// for its time as it would without this order, or orders in a row would make a crash loop a fast one.
    private func startMissing(_ key: CapacityKey) throws {
        let isEstablished = self.capacities[key]?.record.phase == .up
        for instance in self.capacities[key]?.record.instances ?? [] {
            if let process = instance.process, try self.table.isRunning(process) { continue }
            guard isEstablished, instance.process != nil else {
                try self.start(instance.number, of: key, keepsPort: false)
                continue
            }
            if self.capacities[key]?.live[instance.number]?.restart == nil { try self.planRestart(instance, of: key) }
        }
    }

    /// Starts one instance. Whatever was left of it is ended first, so there never are two.
    func start(_ number: Int, of key: CapacityKey, keepsPort: Bool) throws {
        guard let capacity = self.capacities[key],
            var instance = capacity.record.instances.first(where: { $0.number == number })
        else { return }
        let folder = self.folder(key)
        if let old = instance.process {
            try self.table.signal(SIGKILL, groupOf: old, mark: folder.mark(number))
            _ = try self.table.ending(of: old)
        }
        try self.table.kill(carriersOf: folder.mark(number))
        if !keepsPort && !FreePorts.isFree(instance.port) {
            instance.port = try self.ports.choose(taken: self.takenPorts())
        }
        let launch = InstanceLaunch.launch(
            capacity.order, instance: number, port: instance.port, folder: folder, path: self.settings.path,
            secrets: try self.values(of: capacity.order))
        instance.process = try self.table.start(launch)
        let failures = capacity.live[number]?.failures ?? 0
        self.capacities[key]?.live[number] = Live(started: self.clock.now, failures: failures)
        try self.update(key) { record in
            guard let index = record.instances.firstIndex(where: { $0.number == number }) else { return }
            record.instances[index] = instance
        }
    }

    private static let lastQuestion = Duration.milliseconds(250)

    private func awaitReady(_ order: CapacityOrder, since stops: Int?) async throws -> CapacityReport {
        let key = order.key
        let deadline = self.clock.now + order.health.within.duration
        while true {
            // The last question gets its time too, past the deadline if need be: its answer is what a person is told.
            let left = max(Self.lastQuestion, deadline - self.clock.now)
            await self.askAll(key, limit: min(self.settings.answer, left))
            try Task.checkCancellation()
            try self.requireUnstopped(key, since: stops)
            let ready = try self.readyCount(key)
            if ready == order.replicas {
                try self.update(key) { $0.phase = .up }
                return self.report(key, ready: ready, lastLines: [])
            }
            let isEstablished = self.capacities[key]?.record.phase == .up
            // Whoever ordered it shows the router the addresses, so a port that somebody took meanwhile is exchanged.
            if isEstablished { try self.supervise(key, keepsPort: false) }
            let ended = isEstablished ? nil : try self.endedInstance(key)
            if ended != nil || self.clock.now >= deadline {
                let lines = try self.reason(order, ended: ended)
                if !isEstablished { try await self.giveUp(key, since: stops) }
                return self.report(key, ready: ready, lastLines: lines)
            }
            // A log that can't be cut is no reason to give up an instance that starts.
            self.rotate(self.logs(key))
            try await self.clock.sleep(for: .milliseconds(50))
        }
    }

    private func endedInstance(_ key: CapacityKey) throws -> (number: Int, ending: DetachedProcess.Ending)? {
        for instance in self.capacities[key]?.record.instances ?? [] {
            guard let process = instance.process else { continue }
            if let ending = try self.table.ending(of: process) { return (instance.number, ending) }
        }
        return nil
    }

    /// The last lines of the instance that failed, and a sentence on how: at most 20 lines of 500 characters.
    private func reason(_ order: CapacityOrder, ended: (number: Int, ending: DetachedProcess.Ending)?) throws
        -> [String]
    {
        let folder = self.folder(order.key)
        if let ended {
            let sentence = "slipway: instance \(ended.number) \(ended.ending) before it was ready"
            return try self.shown(order, folder.log(ended.number), 19, characters: 500) + [sentence]
        }
        let capacity = self.capacities[order.key]
        let late = try capacity?.record.instances.first { try !self.isReady($0, of: order.key) }?.number ?? 1
        if let live = capacity?.live[late], let death = live.death, let restart = live.restart {
            let delay = max(.zero, Int((restart - self.clock.now) / .milliseconds(1)))
            let sentence = "slipway: instance \(late) \(death); it is started again in \(delay) ms"
            return try self.shown(order, folder.log(late), 19, characters: 500) + [sentence]
        }
        let answer =
            switch capacity?.live[late]?.answer?.0 {
            case .status(let code): "the last answer was \(code)"
            case .unreachable(let why): why
            case nil: "it was not asked"
            }
        let sentence =
            "slipway: instance \(late) did not answer GET \(order.health.path) with 200 to 399 within "
            + "\(order.health.within.count) ms: \(answer)"
        return try self.shown(order, folder.log(late), 19, characters: 500) + [sentence]
    }

    /// Ends what a failed order started, so that it can be given again. What was up as a whole before stays under
    /// supervision.
    private func giveUp(_ key: CapacityKey, since stops: Int?) async throws {
        guard let capacity = self.capacities[key], capacity.stops == stops, capacity.record.phase == .starting else {
            return
        }
        for instance in capacity.record.instances { try await self.end(instance, of: key) }
        try self.update(key) { $0.phase = .stopped }
        try await self.prune(key.lane)
    }

    /// Ends one instance and takes it off the record. The group ends by SIGKILL if it doesn't by SIGTERM.
    func end(_ instance: CapacityRecord.Instance, of key: CapacityKey) async throws {
        let mark = self.folder(key).mark(instance.number)
        if let process = instance.process {
            try await self.table.stop(process, mark: mark, grace: self.settings.grace)
        } else {
            try self.table.kill(carriersOf: mark)
        }
        self.capacities[key]?.live[instance.number] = nil
        try self.update(key) { record in record.instances.removeAll { $0.number == instance.number } }
    }
}
