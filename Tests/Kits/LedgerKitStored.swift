import Core
import Ports
import Testing

/// Terms, projections, snapshots, observations, seals: what stands beside the events.
extension LedgerKit {
    // MARK: Owners

    package func givesEachOwnerATerm() async throws {
        let first = try await self.open("first")
        #expect(first.term == Term(1))
        _ = try await first.append(request([batch(.calendar, 0, ["a"])]))
        try await first.close()
        let second = try await self.open("the \"second\" \\ owner\n")
        #expect(second.term == Term(2))
        let terms = try await second.events(of: .ledger, after: 0, limit: 10)
        #expect(terms.map(\.kind) == [EventKind("ledger.termStarted"), EventKind("ledger.termStarted")])
        #expect(
            terms.map { String(decoding: $0.body, as: UTF8.self) } == [
                #"{"owner":"first","term":1}"#, #"{"owner":"the \"second\" \\ owner\u000a","term":2}"#,
            ])
        #expect(terms.map(\.actor) == [.system, .system])
        try await second.close()
    }

    package func refusesASecondOwner() async throws {
        let first = try await self.open("the first one")
        let error = await refusal { try await self.open("the second one") }
        #expect(error?.code == .inUse)
        #expect(error?.message.contains("the first one") == true)
        _ = try await first.append(request([batch(.calendar, 0, ["a"])]))
        try await first.close()
        try await self.open("the third one").close()
    }

    package func refusesAStaleTerm() async throws {
        let old = try await self.open("old")
        _ = try await old.append(request([batch(.calendar, 0, ["a"])]))
        try await self.world.loseLock()
        let new = try await self.open("new")
        #expect(new.term == Term(2))
        let row = ProjectionRow(table: .lanes, key: "k", scope: "", body: [1])
        let lane = try #require(self.lane("a", "b"))
        let seen = Observation(
            lane: lane, version: "1", from: Instant(milliseconds: 1), to: Instant(milliseconds: 2), body: [1])
        let errors = [
            await refusal { try await old.append(request([batch(.calendar, 1, ["b"])])) },
            await refusal { try await old.replaceRows([row]) },
            await refusal { try await old.record([seen]) },
            await refusal { try await old.setPlace(1, of: "outbox") },
        ]
        for error in errors { #expect(error?.code == .staleTerm) }
        #expect(errors[0]?.message.contains("term 2") == true)
        _ = try await new.append(request([batch(.calendar, 1, ["b"])]))
        #expect(try await new.number(of: .calendar) == 2)
        #expect(try await new.row(.lanes, key: "k") == nil)
        try await new.close()
    }

    package func keepsWhatWasAcknowledgedBeforeAKill() async throws {
        for round in 0..<5 {
            let ledger = try await self.open("round \(round)")
            #expect(try await ledger.number(of: .calendar) == round * 7)
            for number in 0..<7 {
                _ = try await ledger.append(request([batch(.calendar, round * 7 + number, ["x"])]))
            }
            try await self.world.kill()
        }
        let ledger = try await self.open()
        #expect(try await ledger.number(of: .calendar) == 35)
        #expect(ledger.term == Term(6))
        _ = try await ledger.verify()
        try await ledger.close()
    }

    package func refusesEveryCallOnceClosed() async throws {
        let ledger = try await self.open()
        try await ledger.close()
        let errors = [
            await refusal { try await ledger.append(request([batch(.calendar, 0, ["a"])])) },
            await refusal { try await ledger.events(after: 0, limit: 1) },
            await refusal { try await ledger.heads() },
            await refusal { try await ledger.verify() },
            await refusal { try await ledger.replaceRows([]) },
            await refusal { try await ledger.record([]) },
            await refusal { try await ledger.close() },
        ]
        for error in errors { #expect(error?.code == .closed) }
    }

    // MARK: Rows

    package func writesRowsWithTheEvents() async throws {
        let ledger = try await self.open()
        _ = try await ledger.append(
            request(
                [batch(.calendar, 0, ["a"])],
                rows: [
                    ProjectionRow(table: .lanes, key: "b", scope: "s1", body: [1]),
                    ProjectionRow(table: .lanes, key: "a", scope: "s1", body: [2]),
                    ProjectionRow(table: .lanes, key: "c", scope: "s2", body: [3]),
                    ProjectionRow(table: .services, key: "a", scope: "", body: []),
                ]))
        #expect(try await self.keys(ledger, .lanes) == ["a", "b", "c"])
        #expect(try await self.keys(ledger, .lanes, scope: "s1") == ["a", "b"])
        #expect(try await self.keys(ledger, .lanes, after: "a", limit: 1) == ["b"])
        #expect(try await self.keys(ledger, .lanes, scope: "s1", after: "a") == ["b"])
        #expect(try await self.keys(ledger, .changes) == [])
        #expect(
            try await ledger.row(.services, key: "a")
                == ProjectionRow(table: .services, key: "a", scope: "", body: []))
        // Rows alone are an append too; a row without a body is gone; one with another scope moves there.
        let stored = try await ledger.append(
            request(
                [],
                rows: [
                    ProjectionRow(table: .lanes, key: "a", scope: "", body: nil),
                    ProjectionRow(table: .lanes, key: "b", scope: "s2", body: [9]),
                ]))
        #expect(stored.isEmpty)
        #expect(try await self.keys(ledger, .lanes, scope: "s2") == ["b", "c"])
        #expect(try await self.keys(ledger, .lanes, scope: "s1") == [])
        #expect(try await ledger.row(.lanes, key: "b")?.body == [9])
        try await ledger.close()
        let again = try await self.open()
        #expect(try await self.keys(again, .lanes) == ["b", "c"])
        try await again.close()
    }

    package func replacesAllRows() async throws {
        let ledger = try await self.open()
        let old = ProjectionRow(table: .lanes, key: "old", scope: "", body: [1])
        _ = try await ledger.append(request([], rows: [old]))
        let names = ["é", "z", "a", "😀"]
        let rows = names.map { ProjectionRow(table: .releases, key: $0, scope: "", body: Array($0.utf8)) }
        try await ledger.replaceRows(rows)
        #expect(try await self.keys(ledger, .lanes) == [])
        // The order is that of the UTF-8 bytes, in every store.
        #expect(try await self.keys(ledger, .releases) == ["a", "z", "é", "😀"])
        try await ledger.close()
    }

    private func keys(
        _ ledger: any Ledger, _ table: ProjectionTable, scope: String? = nil, after: String? = nil, limit: Int = 100
    ) async throws -> [String] {
        try await ledger.rows(table, scope: scope, after: after, limit: limit).map(\.key)
    }

    // MARK: Snapshots, observations, seals

    package func keepsTheNewestSnapshot() async throws {
        let ledger = try await self.open()
        let first = Snapshot(stream: .calendar, number: 1, version: 3, body: [1, 2, 3])
        _ = try await ledger.append(request([batch(.calendar, 0, ["a"])], snapshots: [first]))
        #expect(try await ledger.snapshot(of: .calendar) == first)
        #expect(try await ledger.snapshot(of: .access) == nil)
        let second = Snapshot(stream: .calendar, number: 2, version: 4, body: [])
        _ = try await ledger.append(request([batch(.calendar, 1, ["b"])], snapshots: [second]))
        #expect(try await ledger.snapshot(of: .calendar) == second)
        #expect(try await ledger.verify().snapshots == 1)
        try await ledger.close()
    }

    package func keepsPlacesOfReaders() async throws {
        let ledger = try await self.open()
        #expect(try await ledger.place(of: "outbox") == 0)
        try await ledger.setPlace(7, of: "outbox")
        try await ledger.setPlace(9, of: "outbox")
        try await ledger.setPlace(3, of: "other")
        try await ledger.replaceRows([])
        try await ledger.close()
        let again = try await self.open()
        #expect(try await again.place(of: "outbox") == 9)
        #expect(try await again.place(of: "other") == 3)
        try await again.close()
    }

    package func keepsObservations() async throws {
        let ledger = try await self.open()
        let lane = try #require(self.lane("storefront", "production"))
        let other = try #require(self.lane("storefront", "staging"))
        let all = (0..<10).map { (index: Int) -> Observation in
            let from = Instant(milliseconds: Int64(index) * 10)
            return Observation(
                lane: index == 4 ? other : lane, version: "1.\(index)", from: from, to: from + Milliseconds(10),
                body: [UInt8(index)])
        }
        try await ledger.record(Array(all[5...]))
        try await ledger.record(Array(all[..<5]))
        let found = try await ledger.observations(
            of: lane, from: Instant(milliseconds: 20), to: Instant(milliseconds: 70), limit: 100)
        #expect(found == [2, 3, 5, 6].map { all[$0] })
        let few = try await ledger.observations(
            of: lane, from: Instant(milliseconds: 0), to: Instant(milliseconds: 100), limit: 2)
        #expect(few == [all[0], all[1]])
        let backwards = Observation(
            lane: lane, version: "1", from: Instant(milliseconds: 2), to: Instant(milliseconds: 1), body: [])
        #expect(await refusal { try await ledger.record([backwards]) }?.code == .invalid)
        try await ledger.close()
    }

    package func sealsEveryThousandAndAtTheEnd() async throws {
        let ledger = try await self.open()
        var number = 0
        while try await ledger.position() < 2_500 {
            // 700 does not divide 1,000: seals fall inside an append, between two of its events.
            _ = try await ledger.append(
                request([
                    batch(.calendar, number, (0..<350).map(String.init)),
                    batch(.access, number, (0..<350).map(String.init)),
                ]))
            number += 350
        }
        let end = try await ledger.position()
        #expect(try await ledger.seals().map(\.position) == [1_000, 2_000])
        _ = try await ledger.verify()
        try await ledger.close()
        let again = try await self.open()
        let seals = try await again.seals()
        #expect(seals.map(\.position) == [1_000, 2_000, end])
        #expect(seals[0].previousHash == .origin && seals[2].previousHash == seals[1].hash)
        #expect(try await again.verify() == AuditReport(records: end + 1, streams: 3, seals: 3, snapshots: 0))
        try await again.close()
        #expect(try await self.open().seals().map(\.position) == [1_000, 2_000, end, end + 1])
    }

    private func lane(_ service: String, _ environment: String) -> LaneID? {
        guard let service = ServiceName(service), let environment = EnvironmentName(environment) else { return nil }
        return LaneID(service: service, environment: environment)
    }
}
