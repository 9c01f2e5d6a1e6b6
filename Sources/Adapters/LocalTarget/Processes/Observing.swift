package import Core
package import Ports

extension ProcessRuntime {
    /// Lines of a capacity's output and the places where they ended, to go on from.
    package struct OutputPiece: Sendable, Equatable {
        package var lines: [String]
        package var next: OutputCursor
    }

    /// How far each instance's output was read.
    package struct OutputCursor: Sendable, Hashable, Codable {
        var places: [Int: InstanceLog.Place]
    }

    package func observe(_ lane: LaneID) async throws -> [CapacityReport] {
        try self.load()
        var reports: [CapacityReport] = []
        for key in try self.lanes.keys(lane) {
            guard let capacity = try self.capacity(key), capacity.record.phase != .stopped else { continue }
            await self.refresh(key)
            let ready = try self.readyCount(key)
            let lines = ready < capacity.order.replicas ? try self.lines(key, 20, characters: 500) : []
            var report = self.report(key, ready: ready, lastLines: lines)
            report.memory = try self.table.memory(ofGroups: capacity.record.instances.compactMap(\.process))
            reports.append(report)
        }
        return reports
    }

    package func addresses(_ key: CapacityKey) async throws -> [ListenAddress] {
        guard try self.capacity(key) != nil else { return [] }
        await self.refresh(key)
        return try (self.capacities[key]?.record.instances ?? []).filter { try self.isReady($0, of: key) }
            .sorted { $0.number < $1.number }
            .compactMap(\.address)
    }

    package func output(_ key: CapacityKey, lines: Int) async throws -> [String] {
        guard try self.capacity(key) != nil else { return [] }
        return try self.lines(key, min(max(lines, 0), 10_000), characters: 2_000)
    }

    /// What was written after a cursor, at most 64 KiB per instance; nil: the last lines, and the cursor to follow from
    /// there.
    package func output(_ key: CapacityKey, from cursor: OutputCursor?) async throws -> OutputPiece {
        guard let capacity = try self.capacity(key) else {
            return OutputPiece(lines: [], next: OutputCursor(places: [:]))
        }
        var piece = OutputPiece(lines: [], next: OutputCursor(places: [:]))
        let beginning = InstanceLog.Place(rotation: 0, offset: 0)
        for number in 1...capacity.order.replicas {
            // An instance that came later than the cursor is read from its begin.
            let place = cursor.map { $0.places[number] ?? beginning }
            let (lines, next) = try self.folder(key).log(number)
                .lines(after: place, characters: 2_000, hiding: try self.mask(of: capacity.order))
            piece.lines += self.labelled(lines, number, of: capacity.order)
            piece.next.places[number] = next
        }
        return piece
    }

    func report(_ key: CapacityKey, ready: Int, lastLines: [String]) -> CapacityReport {
        let capacity = self.capacities[key]
        return CapacityReport(
            key: key, ready: ready, wanted: capacity?.order.replicas ?? 0, restarts: capacity?.record.restarts ?? 0,
            lastLines: lastLines, lastDeath: capacity?.record.lastDeath)
    }

    /// Answers older than a few rounds say nothing about now; without `run()` there are no others.
    private func refresh(_ key: CapacityKey) async {
        let oldest = self.clock.now - self.settings.health * 3
        let isFresh = self.capacities[key]?.record.instances.allSatisfy { instance in
            guard let answer = self.capacities[key]?.live[instance.number]?.answer else { return false }
            return answer.at >= oldest
        }
        if isFresh != true { await self.askAll(key, limit: self.settings.answer) }
    }

    /// The instances' lines carry no time, so they stand one instance after the other.
    private func lines(_ key: CapacityKey, _ count: Int, characters: Int) throws -> [String] {
        guard let order = self.capacities[key]?.order else { return [] }
        let each = (count + order.replicas - 1) / order.replicas
        let lines = try (1...order.replicas).flatMap { number in
            self.labelled(
                try self.shown(order, self.folder(key).log(number), each, characters: characters - 6), number,
                of: order)
        }
        return Array(lines.suffix(count))
    }

    private func labelled(_ lines: [String], _ number: Int, of order: CapacityOrder) -> [String] {
        order.replicas == 1 ? lines : lines.map { "[\(number)] \($0)" }
    }
}
