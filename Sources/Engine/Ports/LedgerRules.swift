package import Core

/// The rules that every ledger keeps, whatever it stores in: what may be appended at all, and how events follow each
/// other.
extension AppendRequest {
    /// Refuses, with `invalid`, what no state of the ledger would allow.
    package func check() throws(LedgerError) {
        guard !self.batches.isEmpty || !self.rows.isEmpty || !self.snapshots.isEmpty else {
            throw LedgerError(.invalid, "The append holds nothing: give it events, rows or snapshots.")
        }
        try checkObservations(self.observations)
        var seen: Set<StreamID> = []
        var count = 0
        for batch in self.batches {
            try batch.check()
            count += batch.events.count
            guard self.batches.count == 1 || seen.insert(batch.stream).inserted else {
                throw LedgerError(
                    .invalid, "The append names \(batch.stream) twice: put all its events into one batch.")
            }
        }
        guard count <= LedgerLimits.eventsPerAppend else {
            throw LedgerError(
                .invalid,
                "The append holds \(count) events; at most \(LedgerLimits.eventsPerAppend) go together. Append them "
                    + "in parts.")
        }
        for reading in self.readings where reading.number < 0 {
            throw LedgerError(.invalid, "\(reading.stream) can't be at number \(reading.number): numbers begin at 0.")
        }
        if let cause = self.cause { try checkText(cause.text, "cause", most: 512) }
        switch self.actor {
        case .person(let id), .serviceAccount(let id): try checkText(id, "actor's id", most: 256)
        case .judge, .schedule, .system: break
        }
        try checkRows(self.rows)
        for snapshot in self.snapshots { try snapshot.check() }
    }
}

/// Refuses rows that no ledger may hold. Also for `replaceRows`.
package func checkRows(_ rows: [ProjectionRow]) throws(LedgerError) {
    for row in rows {
        try checkText(row.key, "row's key", most: 512)
        guard row.scope.utf8.count <= 512 else {
            throw LedgerError(.invalid, "The row's scope has \(row.scope.utf8.count) bytes; at most 512 are allowed.")
        }
        guard (row.body?.count ?? 0) <= LedgerLimits.bodyBytes else {
            throw LedgerError(
                .invalid,
                "The row `\(row.key)` of \(row.table.rawValue) has \(row.body?.count ?? 0) bytes; at most "
                    + "\(LedgerLimits.bodyBytes) are allowed.")
        }
    }
}

private func checkText(_ text: String, _ what: String, most: Int) throws(LedgerError) {
    let count = text.utf8.count
    guard (1...most).contains(count) else {
        throw LedgerError(.invalid, "The \(what) has \(count) bytes; 1 to \(most) are allowed.")
    }
}

extension StreamBatch {
    fileprivate func check() throws(LedgerError) {
        switch self.stream {
        case .ledger:
            throw LedgerError(
                .invalid,
                "The stream `ledger` is written by the store alone: it holds the terms of its owners.")
        case .train(let name), .flag(let name):
            // Other letters can be written in several ways that Swift calls equal and a database does not.
            let allowed = name.utf8.allSatisfy { (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "/") }
            guard allowed, (1...200).contains(name.utf8.count) else {
                throw LedgerError(
                    .invalid,
                    "`\(self.stream)` can't name a stream: 1 to 200 visible ASCII characters without `/` are allowed.")
            }
        case .service, .release, .lane, .change, .calendar, .access, .directory: break
        }
        guard !self.events.isEmpty else {
            throw LedgerError(
                .invalid,
                "The batch for \(self.stream) holds no event: to expect its number only, name it in `readings`.")
        }
        guard self.expected >= 0 else {
            throw LedgerError(.invalid, "\(self.stream) can't be at number \(self.expected): numbers begin at 0.")
        }
        for event in self.events {
            try checkText(event.kind.name, "kind's name", most: 80)
            guard event.kind.version >= 1 else {
                throw LedgerError(.invalid, "\(event.kind) has version \(event.kind.version): versions begin at 1.")
            }
            guard event.body.count <= LedgerLimits.bodyBytes else {
                throw LedgerError(
                    .invalid,
                    "The body of \(event.kind) for \(self.stream) has \(event.body.count) bytes; at most "
                        + "\(LedgerLimits.bodyBytes) are allowed. Store it as a blob and name its digest.")
            }
        }
    }
}

extension Snapshot {
    fileprivate func check() throws(LedgerError) {
        guard self.number >= 1, self.version >= 1 else {
            throw LedgerError(
                .invalid,
                "A snapshot of \(self.stream) at number \(self.number), version \(self.version): both begin at 1.")
        }
        guard self.body.count <= LedgerLimits.snapshotBytes else {
            throw LedgerError(
                .invalid,
                "The snapshot of \(self.stream) has \(self.body.count) bytes; at most \(LedgerLimits.snapshotBytes) "
                    + "are allowed.")
        }
    }

    /// What is stored beside the snapshot, so that a damaged one is never used.
    package var digest: ChainHash {
        var hasher = FieldHasher(capacity: self.body.count + 128)
        hasher.add(self.stream.description)
        hasher.add(self.number)
        hasher.add(self.version)
        hasher.add(self.body)
        return hasher.finish()
    }
}

extension Envelope {
    /// The record of an event that follows `head` in its stream (nil: it is the first).
    package init(
        _ event: NewEvent, of stream: StreamID, after head: StreamHead?, position: Int, at: Instant, actor: Actor,
        cause: Cause?
    ) {
        let number = (head?.number ?? 0) + 1
        let previous = head?.hash ?? .origin
        let hash = Envelope.hash(
            previous: previous, stream: stream, number: number, kind: event.kind, at: at, actor: actor, cause: cause,
            body: event.body)
        self.init(
            position: position, stream: stream, number: number, kind: event.kind, at: at, actor: actor, cause: cause,
            body: event.body, previousHash: previous, hash: hash)
    }
}

extension NewEvent {
    /// What opening a ledger appends to the stream `ledger`: a new owner, and the number of its term.
    package static func termStarted(owner: String, term: Int) -> NewEvent {
        NewEvent(
            kind: EventKind("ledger.termStarted"), body: Array("{\"owner\":\(jsonText(owner)),\"term\":\(term)}".utf8))
    }
}

/// A JSON string (RFC 8259, section 7).
private func jsonText(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
        switch scalar {
        case "\"": result += "\\\""
        case "\\": result += "\\\\"
        case _ where scalar.value < 0x20:
            let digits = String(scalar.value, radix: 16)
            result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        default: result.unicodeScalars.append(scalar)
        }
    }
    return result + "\""
}

extension LedgerError {
    package static func movedOn(_ stream: StreamID, expected: Int, actual: Int) -> LedgerError {
        LedgerError(
            .conflict,
            "\(stream) is at number \(actual), the append expected \(expected): read it again and decide again.")
    }

    package static func stale(_ mine: Term, newest: Int) -> LedgerError {
        LedgerError(
            .staleTerm,
            "Term \(mine.number) is over: a newer owner has taken term \(newest). Stop, and start again to take a "
                + "new one.")
    }

    package static func snapshotAhead(_ snapshot: Snapshot, newest: Int) -> LedgerError {
        LedgerError(
            .invalid,
            "The snapshot of \(snapshot.stream) is of number \(snapshot.number), but its newest event is \(newest).")
    }

    package static let closed = LedgerError(.closed, "The ledger was closed: open it again.")
}

/// Refuses observations that no ledger may hold.
package func checkObservations(_ observations: [Observation]) throws(LedgerError) {
    for observation in observations {
        try checkText(observation.version, "observation's version", most: 256)
        guard observation.from <= observation.to else {
            throw LedgerError(.invalid, "An observation of \(observation.lane) ends before it begins.")
        }
        guard observation.body.count <= LedgerLimits.bodyBytes else {
            throw LedgerError(
                .invalid,
                "An observation of \(observation.lane) has \(observation.body.count) bytes; at most "
                    + "\(LedgerLimits.bodyBytes) are allowed.")
        }
    }
}
