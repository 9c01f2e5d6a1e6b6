import Core
import Glibc
import Ports

/// The work on one lane's HAProxy, always by one caller at a time (`HAProxyLanes`).
struct HAProxyLane: Sendable {
    let lane: LaneID
    let files: HAProxyFiles
    let settings: HAProxyRouter.Settings
    let table: ProcessTable
    let logs: HAProxyLogs
    let atStep: @Sendable (HAProxyRouter.Step) async throws -> Void

    func apply(_ routing: Routing, term: Term) async throws -> RoutingReport {
        try routing.check()
        let record = try self.fenced(try self.files.record(), term: term, generation: routing.generation)
        try self.files.makeFolder()
        guard let handle = try self.running() else {
            let state = try HAProxyState(
                routing, previewListener: try self.previewListener(record.state), occupied: record.state?.slots ?? [],
                underWay: [])
            return try await self.start(state, record)
        }
        let now = try await self.picture(handle)
        let underWay = now.slots.contains { $0.capacity == 0 } ? [] : try await self.requestsUnderWay(handle)
        let state = try HAProxyState(
            routing, previewListener: try self.previewListener(record.state), occupied: now.occupied, underWay: underWay
        )
        guard now.shape == HAProxyConfiguration.shape(state) else {
            try self.files.write(HAProxyRecord(record, state: record.state))
            return try await self.start(state, record, replacing: handle)
        }
        do {
            return try await self.turn(handle, from: now, to: state, record)
        } catch {
            guard try !self.table.isRunning(handle) else { throw error }
            return try await self.start(state, record)
        }
    }

    /// What it does now, by its own word; nil if this lane has no router.
    func read() async throws -> RoutingReport? {
        guard let state = try self.files.record()?.state else { return nil }
        guard let handle = try self.running() else {
            throw TargetError(.unreachable, "HAProxy of \(self.lane) does not run.", retryable: true)
        }
        return self.report(try await self.picture(handle), state.previewListener)
    }

    /// Of a capacity that is not behind this router, or of a router that does not run: 0.
    func requestsUnderWay(_ key: CapacityKey) async throws -> Int {
        guard let handle = try self.running() else { return 0 }
        let slots = try await self.picture(handle).slots
        guard let index = slots.firstIndex(where: { $0.capacity == key.number }) else { return 0 }
        return try await self.requestsUnderWay(handle, backend: "arm\(index + 1)")[index]
    }

    func remove(term: Term) async throws {
        guard let record = try self.files.record() else { return }
        let fenced = try self.fenced(record, term: term, generation: record.generation)
        var gone = HAProxyRecord(fenced, state: nil)
        gone.deaths = nil
        try self.files.write(gone)
        while let handle = try self.running(), let process = handle.process {
            try await self.table.stop(process, mark: handle.mark, grace: .seconds(2))
        }
        self.logs.close(self.lane)
        try self.files.removeProcessFiles()
    }

    /// Starts it again from its record if it should run and doesn't. The process to watch from now on.
    func revive() async throws -> DetachedProcess? {
        guard let record = try self.files.record(), var state = record.state else { return nil }
        if let handle = try self.running() {
            await self.listen(handle, state)
            return handle.process
        }
        try self.files.makeFolder()
        state.previewListener = try self.previewListener(state)
        _ = try await self.start(state, record)
        return try self.running()?.process
    }

    private func fenced(_ record: HAProxyRecord?, term: Term, generation: Int) throws -> HAProxyRecord {
        guard let record else { return HAProxyRecord(term: term, generation: generation) }
        guard term >= record.term else {
            throw TargetError(
                .staleTerm, "The router of \(self.lane) obeys term \(record.term.number) already, not \(term.number).",
                retryable: false)
        }
        guard generation >= record.generation else {
            throw TargetError(
                .staleGeneration,
                "The router of \(self.lane) was given generation \(record.generation) already, not \(generation).",
                retryable: false)
        }
        var newer = record
        newer.term = term
        newer.generation = generation
        return newer
    }
}

extension HAProxyLane {
    /// The switch of a running process. After each step a cut leaves either the old or the new routing, whole.
    private func turn(
        _ handle: HAProxyHandle, from now: HAProxyPicture, to state: HAProxyState, _ record: HAProxyRecord
    ) async throws -> RoutingReport {
        let done = HAProxyRecord(record, state: state)
        let commands = HAProxyCommands.self
        if try self.files.record() == done, commands.difference(of: now, from: state, turned: true) == nil,
            commands.lower(from: now, to: state).isEmpty
        {
            return self.report(now, state.previewListener)
        }
        try self.files.write(HAProxyRecord(record, state: record.state))
        try await self.atStep(.fenced)
        try await self.send(commands.raise(from: now, to: state), handle)
        try self.confirm(try await self.picture(handle), state, turned: false)
        try await self.atStep(.raised)
        try await self.send(commands.turn(from: now, to: state), handle)
        try await self.atStep(.turned)
        let turned = try await self.picture(handle)
        try self.confirm(turned, state, turned: true)
        try await self.atStep(.confirmed)
        try self.files.write(configuration: HAProxyConfiguration.text(state))
        try await self.atStep(.configured)
        try self.files.write(done)
        try await self.atStep(.recorded)
        try await self.send(commands.lower(from: turned, to: state), handle)
        try await self.atStep(.lowered)
        let last = try await self.picture(handle)
        try self.confirm(last, state, turned: true)
        self.files.boundLog()
        return self.report(last, state.previewListener)
    }

    private func confirm(_ now: HAProxyPicture, _ state: HAProxyState, turned: Bool) throws {
        guard let difference = HAProxyCommands.difference(of: now, from: state, turned: turned) else { return }
        throw TargetError(
            .failed, "HAProxy of \(self.lane) does not do what it was told: \(difference).", retryable: true)
    }

    private func send(_ commands: [String], _ handle: HAProxyHandle) async throws {
        for line in HAProxyCommands.lines(commands) { _ = try await self.socket(handle).ask(line) }
    }

    func picture(_ handle: HAProxyHandle) async throws -> HAProxyPicture {
        try HAProxyPicture(answer: try await self.socket(handle).ask(HAProxyCommands.picture))
    }

    private func requestsUnderWay(_ handle: HAProxyHandle, backend: String = "-1") async throws -> [Int] {
        let answer = try await self.socket(handle).ask("show stat \(backend) 6 -1")
        return try HAProxyCounters.underWay(answer)
    }

    func socket(_ handle: HAProxyHandle) -> HAProxySocket {
        HAProxySocket(path: handle.socket, timeLimit: self.settings.answerLimit)
    }

    private func report(_ now: HAProxyPicture, _ previewListener: ListenAddress) -> RoutingReport {
        var weights: [CapacityKey: BasisPoints] = [:]
        var addresses: [CapacityKey: Set<ListenAddress>] = [:]
        for (index, slot) in now.slots.enumerated() where slot.capacity > 0 && !slot.isRetired {
            let key = CapacityKey(lane: self.lane, number: slot.capacity)
            weights[key] = BasisPoints(now.split.weight(of: index + 1))
            addresses[key] = Set(slot.servers.filter(\.isReady).compactMap { ListenAddress($0.text) })
        }
        return RoutingReport(
            generation: now.generation, weights: weights, preview: now.preview > 0 ? previewListener : nil,
            addresses: addresses)
    }
}

extension HAProxyLane {
    /// The process of this lane, also one whose start we did not live to write down; nil if none runs.
    func running() throws -> HAProxyHandle? {
        guard var handle = try self.files.handle() else { return nil }
        if handle.process == nil, let found = try self.table.carriers(of: handle.mark).last {
            handle.process = found
            try self.files.write(handle)
        }
        if try self.table.isRunning(handle) { return handle }
        if let process = handle.process, let ending = try self.table.ending(of: process), ending != .unknown {
            // It is collected now: nobody learns this a second time.
            handle.ending = "\(ending)"
            try self.files.write(handle)
        }
        guard let older = handle.older, try self.table.isRunning(older.process) else { return nil }
        return HAProxyHandle(socket: older.socket, process: older.process)
    }

    /// Starts a process for this state: the first, one after a death, or one that takes over from another whose
    /// listeners differ.
    private func start(
        _ state: HAProxyState, _ record: HAProxyRecord, replacing old: HAProxyHandle? = nil
    ) async throws -> RoutingReport {
        var state = state
        let earlier = record
        let record = old == nil ? try self.counted(record) : record
        if old == nil || record.state?.listen != state.listen { try self.checkFree(state.listen) }
        if old == nil {
            // What was under way in a process that died is gone, so nothing has to be remembered of it.
            state.slots = state.slots.map { $0?.isRetired == true ? nil : $0 }
            // Before the start, so that a process whose start we don't survive is kept up by its record.
            try self.files.write(HAProxyRecord(record, state: state))
        }
        do {
            let now = try await self.launch(&state, replacing: old)
            try self.confirm(now, state, turned: true)
            try self.files.write(HAProxyRecord(record, state: state))
            return self.report(now, state.previewListener)
        } catch {
            try self.files.write(earlier)
            if let state = earlier.state {
                try self.files.write(configuration: HAProxyConfiguration.text(state))
            }
            throw error
        }
    }

    /// The record with one death more if its process died: not with its machine, and not by our own hand.
    private func counted(_ record: HAProxyRecord) throws -> HAProxyRecord {
        // Collects it, if that has not been done.
        guard try self.running() == nil, record.state != nil, let handle = try self.files.handle(),
            handle.process?.boot == self.table.boot
        else { return record }
        var counted = record
        counted.deaths = RouterDeaths(
            count: (record.deaths?.count ?? 0) + 1, last: "HAProxy \(handle.ending ?? "ended")")
        return counted
    }

    /// Starts the process. A preview port that somebody took in the moment since it was looked at is exchanged.
    private func launch(_ state: inout HAProxyState, replacing old: HAProxyHandle?) async throws -> HAProxyPicture {
        for _ in 0..<3 {
            do {
                return try await self.launchOnce(state, replacing: old)
            } catch let error as TargetError where error.code == .addressInUse && old == nil {
                guard AddressOwner.isFree(state.listen), !AddressOwner.isFree(state.previewListener) else {
                    throw error
                }
                state.previewListener = try self.previewListener(state)
            }
        }
        return try await self.launchOnce(state, replacing: old)
    }

    private func launchOnce(_ state: HAProxyState, replacing old: HAProxyHandle?) async throws -> HAProxyPicture {
        let program = try self.settings.findProgram()
        try self.files.write(configuration: HAProxyConfiguration.text(state))
        self.files.boundLog()
        let logStart = self.files.logSize
        if old == nil { try self.removeOldSockets() }
        var handle = HAProxyHandle(socket: try self.files.newSocket())
        var arguments = ["-db", "-f", self.files.configuration]
        if let old, let process = old.process {
            handle.older = HAProxyHandle.Older(socket: old.socket, process: process)
            arguments += ["-x", old.socket, "-sf", String(process.pid)]
        }
        try self.files.write(handle)
        await self.listen(handle, state)
        handle.process = try self.table.start(
            DetachedProcess.Launch(
                program: program, arguments: arguments,
                environment: [
                    HAProxyConfiguration.socketVariable: handle.socket, HAProxyLogLine.tokenVariable: handle.token,
                    "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
                ],
                folder: self.files.folder, output: self.files.log))
        try self.files.write(handle)
        return try await self.firstAnswer(handle, state, logStart)
    }

    private func removeOldSockets() throws {
        guard let handle = try self.files.handle() else { return }
        unlink(handle.socket)
        if let older = handle.older { unlink(older.socket) }
    }

    private func firstAnswer(
        _ handle: HAProxyHandle, _ state: HAProxyState, _ logStart: Int
    ) async throws -> HAProxyPicture {
        let clock = ContinuousClock()
        let deadline = clock.now + self.settings.startLimit
        while true {
            do {
                return try await self.picture(handle)
            } catch {
                if let process = handle.process, let ending = try self.table.ending(of: process) {
                    throw self.startFailure("\(ending)", state, logStart)
                }
                guard clock.now < deadline else { throw error }
            }
            try await clock.sleep(for: .milliseconds(10))
        }
    }

    private func startFailure(_ ending: String, _ state: HAProxyState, _ logStart: Int) -> TargetError {
        let log = self.files.logTail(from: logStart)
        if log.contains("Address already in use") {
            let address = log.contains(":\(state.listen.port)]") ? state.listen : state.previewListener
            return self.inUse(address)
        }
        let alerts = log.split(separator: "\n").filter { $0.contains("ALERT") }.suffix(5).joined(separator: " ")
        return TargetError(
            .failed, "HAProxy of \(self.lane) \(ending): \(alerts.prefix(1_000)) (\(self.files.log)).", retryable: true)
    }

    private func checkFree(_ address: ListenAddress) throws {
        guard AddressOwner.isFree(address) else { throw self.inUse(address) }
    }

    private func inUse(_ address: ListenAddress) -> TargetError {
        TargetError(
            .addressInUse,
            "\(address) of \(self.lane) is in use by \(AddressOwner.describe(port: address.port)); "
                + "stop that, or choose another `listen`.", retryable: true)
    }

    /// The listener that the lane has, or a port that is free for it and for the log; outside the ephemeral range, so
    /// that no outgoing connection takes it.
    private func previewListener(_ state: HAProxyState?) throws -> ListenAddress {
        let isUp = try self.running() != nil
        if let address = state?.previewListener, isUp || AddressOwner.isFree(address) { return address }
        let ports = self.settings.previewPorts
        // A fixed first choice for each lane keeps addresses the same where they can be, and lanes apart.
        let first = self.lane.description.utf8.reduce(0) { ($0 &* 31 &+ Int($1)) % ports.count }
        for offset in 0..<ports.count {
            let port = ports.lowerBound + (first + offset) % ports.count
            if let address = ListenAddress("127.0.0.1:\(port)"), AddressOwner.isFree(address),
                HAProxyLogs.isFree(port: port)
            {
                return address
            }
        }
        throw TargetError(
            .addressInUse, "No port of \(ports) is free for the preview of \(self.lane).", retryable: true)
    }
}

extension HAProxyRecord {
    init(_ record: HAProxyRecord, state: HAProxyState?) {
        self = record
        self.state = state
    }
}

extension ProcessTable {
    func isRunning(_ handle: HAProxyHandle) throws -> Bool {
        try handle.process.map { try self.isRunning($0) } ?? false
    }
}
