import Core
import Logging
import Ports

/// Runs one lane for as long as its task lives: performs what is pending, feeds the answers back, and waits for the rest. Everything it
/// knows is read from the ledger, so it can be stopped at any moment and started again.
struct LaneRunner: Sendable {
    let journal: Journal
    let doors: Doors
    let windows: Windows
    let id: LaneID
    let logger: Logger

    private var performer: LanePerformer { LanePerformer(journal: self.journal, doors: self.doors, id: self.id) }

    private enum Signal: Sendable {
        /// Something that this lane depends on has changed.
        case poke
        /// An effect ended: with an answer, or without one that changes anything.
        case ended(Lane.Effect, Lane.Answer?)
    }

    /// Effects under way, each with the means to end it when the lane no longer wants it.
    private struct UnderWay {
        var cancels: [Lane.Effect: AsyncStream<Never>.Continuation] = [:]
        /// How often an effect ended and was still wanted: it waits longer each time.
        var stalls: [Lane.Effect: Int] = [:]
        /// How often in a row the queue, or the lane itself, could not be read or written.
        var misses = 0
    }

    func run(pokes: AsyncStream<Void>) async {
        await self.restore()
        let (signals, sink) = AsyncStream.makeStream(of: Signal.self)
        await withDiscardingTaskGroup { group in
            group.addTask {
                for await _ in pokes { sink.yield(.poke) }
                sink.finish()
            }
            var underWay = UnderWay()
            await self.start(&underWay, in: &group, sink)
            for await signal in signals {
                if case .ended(let effect, let answer) = signal {
                    underWay.cancels[effect] = nil
                    if await self.feed(effect, answer) {
                        underWay.stalls[effect] = nil
                    } else {
                        underWay.stalls[effect, default: 0] += 1
                    }
                }
                await self.start(&underWay, in: &group, sink)
            }
            group.cancelAll()
        }
    }

    /// Begins what is pending and does not run yet, and ends what runs and is no longer wanted.
    private func start(
        _ underWay: inout UnderWay, in group: inout DiscardingTaskGroup, _ sink: AsyncStream<Signal>.Continuation
    ) async {
        var isMissed = false
        do {
            try await self.evaluate()
        } catch {
            // What waits must not hold up what runs: an abort takes the traffic back all the same.
            self.logger.error("lane \(self.id): the queue could not be looked at: \(error)")
            isMissed = true
        }
        do {
            try await self.obeyStop()
            let lane = try await self.journal.lane(self.id).machine
            let wanted = Set(lane.pending)
            for (effect, cancel) in underWay.cancels where !wanted.contains(effect) { cancel.finish() }
            underWay.stalls = underWay.stalls.filter { wanted.contains($0.key) }
            for effect in lane.pending where effect != .evaluate && underWay.cancels[effect] == nil {
                // Two effects on one thing never overlap: a late `ensure` after a `stop` would leave instances that nobody knows.
                guard !underWay.cancels.keys.contains(where: { $0.subject == effect.subject }) else { continue }
                let (ends, cancel) = AsyncStream.makeStream(of: Never.self)
                underWay.cancels[effect] = cancel
                let stalls = underWay.stalls[effect] ?? 0
                group.addTask {
                    let answer = await self.race(effect, after: BackOff.pause(after: stalls), until: ends)
                    sink.yield(.ended(effect, answer))
                }
            }
        } catch {
            self.logger.error("lane \(self.id): \(error)")
            isMissed = true
        }
        underWay.misses = isMissed ? underWay.misses + 1 : 0
        guard isMissed, !Task.isCancelled else { return }
        group.addTask { [pause = BackOff.pause(after: underWay.misses)] in
            try? await Task.sleep(for: pause)
            sink.yield(.poke)
        }
    }

    /// Performs until there is an answer, or the lane wants something else.
    private func race(
        _ effect: Lane.Effect, after delay: Duration, until ends: AsyncStream<Never>
    ) async -> Lane.Answer? {
        await withTaskGroup(of: Lane.Answer?.self) { group in
            group.addTask {
                if delay > .zero { try? await Task.sleep(for: delay) }
                return await self.persist(effect)
            }
            group.addTask {
                for await _ in ends {}
                return nil
            }
            let first = await group.next() ?? nil
            group.cancelAll()
            return first
        }
    }

    /// Tries again with a growing pause while the door says that it may help.
    private func persist(_ effect: Lane.Effect) async -> Lane.Answer? {
        if case .wake(let at) = effect {
            await self.journal.time.wait(until: at)
            return nil
        }
        var failures = 0
        while !Task.isCancelled {
            do {
                let lane = try await self.journal.lane(self.id).machine
                guard lane.pending.contains(effect) else { return nil }
                return try await self.performer.perform(effect, in: lane)
            } catch let error as TargetError where !error.retryable && error.code != .staleTerm {
                self.logger.warning("lane \(self.id): \(effect) can't be done: \(error.message)")
                return .impossible(effect, reason: error.message)
            } catch let error as TargetError where error.code == .addressInUse && failures >= Self.addressTries {
                // What holds an address for long is somebody else's: a person has to choose another one.
                self.logger.warning("lane \(self.id): \(effect) can't be done: \(error.message)")
                return .impossible(effect, reason: error.message)
            } catch is CancellationError {
                return nil
            } catch {
                failures += 1
                self.logger.warning("lane \(self.id): \(effect), try \(failures): \(error)")
                try? await Task.sleep(for: BackOff.pause(after: failures))
            }
        }
        return nil
    }

    /// Tries before an address that is in use is taken for somebody else's: about three seconds, in which a process of our own that is
    /// ending has let go of it.
    private static let addressTries = 4

    /// Tells the lane; true if that changed anything.
    private func feed(_ effect: Lane.Effect, _ answer: Lane.Answer?) async -> Bool {
        do {
            let events = try await LaneJournal(self.journal).decide(self.id, by: .system) { now in
                if let answer { return .answer(answer, at: now) }
                return .tick(at: now)
            }
            return !events.isEmpty
        } catch {
            self.logger.error("lane \(self.id): the answer to \(effect) could not be recorded: \(error)")
            return false
        }
    }

    /// While everything is stopped nothing on its way goes forward, whoever died between the order and its effect.
    private func obeyStop() async throws {
        guard let stop = try await self.journal.calendar().machine.stop,
            let deployment = try await self.journal.lane(self.id).machine.deployment,
            deployment.kind == .forward, deployment.phase == .running, deployment.pause == nil
        else { return }
        do {
            try await LaneJournal(self.journal).decide(self.id, by: stop.by) { now in
                .intent(.pause(number: nil, reason: stop.pauseReason), by: stop.by, at: now)
            }
        } catch is Refusal {
            // It ended, or was paused, meanwhile.
        }
    }

    private func evaluate() async throws {
        while try await self.journal.lane(self.id).machine.pending.contains(.evaluate) {
            let events = try await Admission(journal: self.journal, windows: self.windows, id: self.id).evaluate()
            if events.isEmpty { return }
        }
    }

    /// Brings back what last served, after a start: instances first, then the same routing under the new term. What does not come back
    /// is told to the lane, which wants it raised again.
    private func restore() async {
        do {
            let lane = try await self.journal.lane(self.id).machine
            guard lane.takingDown == nil else { return }
            let ready = lane.capacities.values.filter { $0.state == .ready }.map(\.number).sorted()
            let performer = self.performer
            await withDiscardingTaskGroup { group in
                for number in ready { group.addTask { await self.restore(number, of: lane) } }
            }
            let isSettled = lane.routing.generation == lane.confirmedGeneration
            guard !ready.isEmpty, lane.routing.generation > 0, isSettled else { return }
            _ = try await self.doors.router.apply(try await performer.routing(of: lane), term: performer.term)
        } catch {
            self.logger.error("lane \(self.id): what last served could not be brought back: \(error)")
        }
    }

    /// One that does not come back keeps no other one from it; the lane is told, and wants it again.
    private func restore(_ number: Int, of lane: Lane) async {
        do {
            let performer = self.performer
            guard let order = try await performer.order(number, in: lane) else { return }
            let reason: String
            do {
                let report = try await self.doors.runtime.ensure(order, term: performer.term)
                if report.ready > 0 { return }
                reason = "\(report.ready) of \(report.wanted) instances came back"
            } catch let error as TargetError {
                reason = error.message
            }
            try await LaneJournal(self.journal).decide(self.id, by: .system) { now in
                .answer(.capacityLost(number, reason: reason), at: now)
            }
        } catch {
            self.logger.error("lane \(self.id): capacity \(number) could not be brought back: \(error)")
        }
    }
}

extension Lane.Effect {
    /// What an effect works on. One thing is worked on by one effect at a time.
    fileprivate enum Subject: Hashable {
        case router, capacity(Int), command, nothing(Lane.Effect)
    }

    fileprivate var subject: Subject {
        switch self {
        case .route, .removeRouter: .router
        case .raise(let number), .retire(let number), .scale(let number, _): .capacity(number)
        case .verify, .task: .command
        case .evaluate, .wake: .nothing(self)
        }
    }
}
