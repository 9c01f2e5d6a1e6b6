/// A value with a life over time: rules (`decide`), a fold (`apply`) and what is outstanding (`pending`).
///
/// After Chassaing's Decider and the intent log of steno: the ledger keeps facts, not inputs, so a changed rule never
/// rewrites history; effects are derived from the state, so a crash between append and perform loses nothing.
package protocol Machine: Sendable, Equatable {
    associatedtype Input: Sendable
    associatedtype Event: LedgerEvent
    associatedtype Effect: Sendable, Hashable

    init()
    /// The rules: what follows from an input in this state, as facts in the past tense.
    func decide(_ input: Input) throws(Refusal) -> [Event]
    /// The fold: no rules, no choice.
    mutating func apply(_ event: Event) throws(IllegalEvent)
    /// What has to be done in the world now, in order of urgency; idempotent, and speaking of desired state.
    var pending: [Effect] { get }
}

/// An event as a machine sees it: a kind with a version, and a payload whose JSON is the stored body.
package protocol LedgerEvent: Sendable, Equatable {
    /// Stable name in the ledger, for example `lane.admitted`. A kind is never changed in place.
    var kind: EventKind { get }
    /// The payload of this case; its JSON (sorted keys, integers and strings only) is the body.
    var payload: any Encodable & Sendable { get }
    /// The event of a kind, from its payload; nil for a kind (or a newer version of one) that this build does not know.
    static func decode<D: PayloadDecoder>(_ kind: EventKind, from decoder: D) throws -> Self?
}

/// Reads one payload. The JSON reader lives outside the core; the core only says which type to read.
package protocol PayloadDecoder {
    func decode<T: Decodable>(_ type: T.Type) throws -> T
}

/// Name and version of a kind of event.
package struct EventKind: Sendable, Hashable, CustomStringConvertible {
    package let name: String
    package let version: Int

    package init(_ name: String, version: Int = 1) {
        self.name = name
        self.version = version
    }

    package var description: String { "\(self.name)/\(self.version)" }
}

/// A rule said no. What, which value, what is allowed and what to do next stand in `message`.
package struct Refusal: Error, Sendable, Equatable, CustomStringConvertible {
    package enum Code: String, Sendable, Codable, CaseIterable {
        case notFound, alreadyExists, alreadyRunning, blocked, held, pinned, notVerified, notAllowed, nothingToDo
        case invalid, superseded, wrongState, conflict, authorIsApprover, forwardOnly, unsupported
    }

    package let code: Code
    package let message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { self.message }
}

/// A history that no machine could have written: the stream is damaged or was written by a newer Slipway.
package struct IllegalEvent: Error, Sendable, Equatable, CustomStringConvertible {
    package let message: String
    package init(_ message: String) { self.message = message }
    package var description: String { self.message }
}
