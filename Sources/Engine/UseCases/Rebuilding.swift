import Core
import Ports

extension ControlPlane {
    /// Drops all rows for lists and makes them anew from the events: the same bytes, by the same machines. How many there are. Nothing may
    /// be appended meanwhile; if something was, it is done again.
    @discardableResult
    package func rebuildProjections(by caller: Caller) async throws -> Int {
        try await self.authorize(caller, .administer, on: .organisation, "the projections")
        let ledger = self.journal.ledger
        return try await self.journal.retrying {
            let position = try await ledger.position()
            var rows: [ProjectionRow] = []
            for head in try await ledger.heads() {
                if let row = try await self.row(of: head.stream) { rows.append(row) }
            }
            guard try await ledger.position() == position else {
                throw LedgerError(.conflict, "The ledger has grown while its rows were made anew: read again.")
            }
            try await ledger.replaceRows(rows)
            return rows.count
        }
    }

    private func row(of stream: StreamID) async throws -> ProjectionRow? {
        switch stream {
        case .service: try await self.fold(Service.self, stream)
        case .release: try await self.fold(Release.self, stream)
        case .lane: try await self.fold(Lane.self, stream)
        case .change: try await self.fold(ChangeRequest.self, stream)
        case .access: try await self.fold(Access.self, stream)
        case .train, .flag, .calendar, .directory, .ledger: nil
        }
    }

    /// From the first event on: neither a snapshot nor what is remembered counts here.
    private func fold<M: StreamMachine>(_ type: M.Type, _ stream: StreamID) async throws -> ProjectionRow? {
        var machine = M()
        var number = 0
        while true {
            let events = try await self.journal.ledger.events(of: stream, after: number, limit: 1_000)
            for envelope in events {
                try machine.apply(try EventJSON.event(M.Event.self, of: envelope))
                number = envelope.number
            }
            if events.count < 1_000 { return try machine.row(of: stream) }
        }
    }
}
