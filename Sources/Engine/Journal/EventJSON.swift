package import Core
import Foundation
package import Ports

/// Bodies of events and states as JSON: sorted keys, so that the same value is the same bytes.
package enum EventJSON {
    package static func encode(_ value: some Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return Array(try encoder.encode(value))
    }

    package static func decode<T: Decodable>(_ type: T.Type, from bytes: [UInt8]) throws -> T {
        try JSONDecoder().decode(type, from: Data(bytes))
    }

    package static func newEvent(_ event: some LedgerEvent) throws -> NewEvent {
        NewEvent(kind: event.kind, body: try self.encode(event.payload))
    }

    /// The event of an envelope; a kind or version that this build does not know is refused by name.
    package static func event<E: LedgerEvent>(_ type: E.Type, of envelope: Envelope) throws -> E {
        do {
            if let event = try E.decode(envelope.kind, from: BodyDecoder(body: envelope.body)) { return event }
        } catch {
            throw LedgerError(
                .damaged,
                "Event \(envelope.position) (\(envelope.stream) \(envelope.number), \(envelope.kind)) can't be read: "
                    + "\(error)")
        }
        throw LedgerError(
            .newer,
            "Event \(envelope.position) (\(envelope.stream) \(envelope.number)) is a `\(envelope.kind)`, which this "
                + "build does not know: it was written by a newer Slipway. Use that one.")
    }
}

private struct BodyDecoder: PayloadDecoder {
    let body: [UInt8]

    func decode<T: Decodable>(_ type: T.Type) throws -> T {
        try JSONDecoder().decode(type, from: Data(self.body))
    }
}
