import Core
import Ports
import Testing

extension LedgerKit {
    /// On a full disk only what takes traffic back is written; with room everything is again.
    package func keepsRoomForWhatTakesTrafficBack(
        fill: @Sendable () throws -> Void, makeRoom: @Sendable () throws -> Void
    ) async throws {
        let ledger = try await self.open()
        _ = try await ledger.append(request([batch(.calendar, 0, ["a"])]))
        try fill()
        var number = 1
        // The last of the room that the file has already may still be used.
        var refused: LedgerError?
        while refused == nil, number < 10_000 {
            refused = await refusal { try await ledger.append(request([batch(.calendar, number, [Self.long])])) }
            if refused == nil { number += 1 }
        }
        #expect(refused?.code == .cannotWrite && refused?.message.contains("room on the disk") == true)
        for urgent in 0..<20 {
            _ = try await ledger.append(self.urgent(.access, urgent))
            let other = await refusal { try await ledger.append(request([batch(.train("t"), 0, ["c"])])) }
            #expect(other?.code == .cannotWrite, "it would eat up the reserve")
        }
        #expect(await refusal { try await ledger.record([Self.seen]) }?.code == .cannotWrite)
        #expect(await refusal { try await ledger.setPlace(1, of: "kit") }?.code == .cannotWrite)
        #expect(await refusal { try await ledger.replaceRows([]) }?.code == .cannotWrite)
        #expect(await refusal { try await ledger.append(self.urgent(.access, 3)) }?.code == .conflict)
        #expect(try await ledger.number(of: .calendar) == number)
        #expect(try await ledger.number(of: .access) == 20)
        let all = Instant(milliseconds: .max)
        let kept = try await ledger.observations(of: Self.seen.lane, from: Self.seen.from, to: all, limit: 100)
        #expect(kept == Array(repeating: Self.seen, count: 20), "an urgent append brings what it rests on")
        try makeRoom()
        _ = try await ledger.append(request([batch(.calendar, number, ["d"])]))
        try await ledger.record([Self.seen])
        _ = try await ledger.verify()
        try await ledger.close()
    }

    private static var long: String { String(repeating: "x", count: 4_000) }

    private static var seen: Observation {
        guard let service = ServiceName("shop"), let environment = EnvironmentName("prod") else {
            preconditionFailure("both are names")
        }
        return Observation(
            lane: LaneID(service: service, environment: environment), version: "1.0.0",
            from: Instant(milliseconds: 1), to: Instant(milliseconds: 2), body: Array("{}".utf8))
    }

    private func urgent(_ stream: StreamID, _ expected: Int) -> AppendRequest {
        var urgent = request([batch(stream, expected, ["b"])])
        urgent.isUrgent = true
        urgent.observations = [Self.seen]
        return urgent
    }
}
