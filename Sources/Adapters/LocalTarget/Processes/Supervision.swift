import Core
import Logging
import Ports

extension ProcessRuntime {
    /// Supervises until it is cancelled: starts instances that died again, asks for their health, rotates logs.
    /// Instances outlive it.
    package func run() async {
        let runtime = self
        await withDiscardingTaskGroup { group in
            group.addTask { await runtime.supervise() }
            group.addTask { await runtime.watchHealth() }
        }
    }

    private nonisolated func supervise() async {
        while !Task.isCancelled {
            self.rotate(await self.superviseAll())
            // Ends early only by cancellation, which ends the loop.
            try? await self.clock.sleep(for: self.settings.supervision)
        }
    }

    nonisolated func rotate(_ logs: [InstanceLog]) {
        for log in logs {
            do { try log.rotate(limit: self.settings.logBytes) } catch { self.logger.warning("\(error)") }
        }
    }

    private nonisolated func watchHealth() async {
        while !Task.isCancelled {
            let keys = await self.supervisedKeys()
            await withDiscardingTaskGroup { group in
                for key in keys { group.addTask { await self.askAll(key, limit: self.settings.answer) } }
            }
            try? await self.clock.sleep(for: self.settings.health)
        }
    }

    private func supervisedKeys() -> [CapacityKey] {
        self.capacities.values.filter { $0.record.phase == .up }.map(\.record.key)
    }

    /// One look at all instances. Returns the logs that may have grown.
    private func superviseAll() -> [InstanceLog] {
        do { try self.load() } catch { self.logger.error("\(error)") }
        for key in self.supervisedKeys() {
            do {
                try self.supervise(key)
                self.capacities[key]?.complaint = nil
            } catch {
                let complaint = "\(error)"
                if self.capacities[key]?.complaint != complaint {
                    self.logger.error("\(complaint)", metadata: ["capacity": "\(key)"])
                }
                self.capacities[key]?.complaint = complaint
            }
        }
        return self.capacities.values.filter { $0.record.phase != .stopped }.flatMap { self.logs($0.record.key) }
    }

    /// One look at the instances of a capacity that is up: what died is planned to start again, and started when its
    /// time has come. `keepsPort` false: on another port if its own was taken.
    func supervise(_ key: CapacityKey, keepsPort: Bool = true) throws {
        for instance in self.capacities[key]?.record.instances ?? [] {
            if let process = instance.process, try self.table.isRunning(process) {
                self.forgetFailures(instance.number, of: key)
            } else if let restart = self.capacities[key]?.live[instance.number]?.restart {
                if self.clock.now >= restart { try self.startAgain(instance, of: key, keepsPort: keepsPort) }
            } else {
                try self.planRestart(instance, of: key)
            }
        }
    }

    private func forgetFailures(_ number: Int, of key: CapacityKey) {
        guard let live = self.capacities[key]?.live[number], live.failures > 0, let started = live.started,
            self.clock.now - started >= Backoff.forgottenAfter
        else { return }
        self.capacities[key]?.live[number]?.failures = 0
    }

    func planRestart(_ instance: CapacityRecord.Instance, of key: CapacityKey) throws {
        var live = self.capacities[key]?.live[instance.number] ?? Live()
        let ending = try instance.process.flatMap { try self.table.ending(of: $0) } ?? .unknown
        // After a reboot nothing failed: start at once.
        let isOfThisBoot = instance.process?.boot == self.table.boot
        let delay = isOfThisBoot ? Backoff.delay(failures: live.failures) : .zero
        live.failures += isOfThisBoot ? 1 : 0
        live.restart = self.clock.now + delay
        let death = instance.process == nil ? "was not started" : isOfThisBoot ? "\(ending)" : "ended with the machine"
        live.death = death
        live.answer = nil
        live.isReady = false
        self.capacities[key]?.live[instance.number] = live
        // A machine that was switched off is no failure of its instances. Told at once: it may be taken back before its restart.
        if isOfThisBoot { try self.update(key) { $0.lastDeath = "instance \(instance.number) \(death)" } }
        let sentence =
            "instance \(instance.number) \(death); it is started again in \(Int(delay / .milliseconds(1))) ms"
        self.folder(key).log(instance.number).note(sentence)
        self.logger.warning("\(key): \(sentence)")
        self.changed.yield(key)
    }

    private func startAgain(
        _ instance: CapacityRecord.Instance, of key: CapacityKey, keepsPort: Bool
    ) throws {
        let isOfThisBoot = instance.process?.boot == self.table.boot
        // Whatever comes of it, the next try waits for its turn.
        let failures = self.capacities[key]?.live[instance.number]?.failures ?? 0
        self.capacities[key]?.live[instance.number]?.restart = self.clock.now + Backoff.delay(failures: failures)
        try self.start(instance.number, of: key, keepsPort: keepsPort)
        if isOfThisBoot { try self.update(key) { $0.restarts += 1 } }
    }

    /// Asks all instances of a capacity at once and keeps their answers.
    func askAll(_ key: CapacityKey, limit: Duration) async {
        guard let capacity = self.capacities[key] else { return }
        let (probe, path) = (self.probe, capacity.order.health.path)
        let within = Milliseconds(max(1, Int64(limit / .milliseconds(1))))
        let answers = await withTaskGroup(of: (CapacityRecord.Instance, ProbeAnswer).self) { group in
            for instance in capacity.record.instances where instance.process != nil {
                guard let address = instance.address else { continue }
                group.addTask { (instance, await probe.get(path, at: address, within: within)) }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        for (instance, answer) in answers { self.keep(answer, of: instance, key) }
    }

    private func keep(_ answer: ProbeAnswer, of instance: CapacityRecord.Instance, _ key: CapacityKey) {
        // The process may have been replaced while it was asked.
        guard let capacity = self.capacities[key], capacity.record.instances.contains(instance) else { return }
        var live = capacity.live[instance.number] ?? Live()
        live.answer = (answer, self.clock.now)
        let wasReady = live.isReady
        live.isReady =
            switch answer {
            case .status(let code): (200..<400).contains(code)
            case .unreachable: false
            }
        self.capacities[key]?.live[instance.number] = live
        if wasReady != live.isReady { self.changed.yield(key) }
    }

    func logs(_ key: CapacityKey) -> [InstanceLog] {
        self.capacities[key]?.record.instances.map { self.folder(key).log($0.number) } ?? []
    }
}
