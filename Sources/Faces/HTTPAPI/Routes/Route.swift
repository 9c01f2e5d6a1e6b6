import APIClient
import Foundation
import HTTPTypes

/// One operation of `/api/v1`: the table of these registers the handlers and makes the document.
struct Route: Sendable {
    let method: HTTPRequest.Method
    let path: Path
    let summary: String
    let query: [QueryParameter]
    let body: Schema?
    let answer: Answer
    /// nil: whoever is signed in.
    let needs: Needed?
    let handle: @Sendable (Call) async throws -> Outcome

    /// What a successful answer holds.
    enum Answer: Sendable {
        case json(status: Int, Schema)
        /// `text/event-stream`.
        case events(Schema)
        /// Bytes as they come, of one of these types.
        case bytes([String])
        /// The OpenAPI document.
        case document
    }

    /// What the handler made.
    enum Outcome: Sendable {
        case json(Data)
        case events(after: Int, stream: String?)
        case bytes(type: String, AuditOperations.Bytes)
        case document
    }
}

/// A query parameter; the number's range is checked before the handler sees it.
struct QueryParameter: Sendable, Equatable {
    enum Kind: Sendable, Equatable {
        case text
        case number(ClosedRange<Int>)
    }

    let name: String
    let kind: Kind
    let summary: String
}

/// A request after authentication, taken apart.
struct Call: Sendable {
    let operations: Operations
    let caller: Caller
    let path: [String: String]
    let query: [String: String]
    let body: Data
    /// The `Last-Event-ID` header.
    let lastEventID: String?

    /// Present whenever the route's path names it.
    func variable(_ name: String) -> String { self.path[name] ?? "" }

    func number(_ name: String) -> Int? { self.query[name].flatMap { Int($0) } }

    func body<Value: Decodable>(_ type: Value.Type) throws -> Value {
        do {
            return try JSONDecoder().decode(type, from: self.body)
        } catch {
            throw Wire.Problem.invalid("The body can't be read as \(type).")
        }
    }

    /// `SERVICE/ENVIRONMENT/NUMBER`
    var promotionID: String {
        "\(self.variable("service"))/\(self.variable("environment"))/\(self.variable("number"))"
    }
}

extension Route {
    /// A route that reads nothing but path and query.
    static func read<Value: Codable & Sendable>(
        _ path: String, _ summary: String, query: [QueryParameter] = [], method: HTTPRequest.Method = .get,
        needs: Needed?, _ handle: @escaping @Sendable (Call) async throws -> Value
    ) throws -> Route {
        Route(
            method: method, path: Path(path), summary: summary, query: query, body: nil,
            answer: .json(status: 200, try Schema.of(Value.self)), needs: needs
        ) { call in
            .json(try Self.encoded(try await handle(call)))
        }
    }

    /// A route with a body.
    static func write<Body: Codable & Sendable, Value: Codable & Sendable>(
        _ path: String, _ summary: String, status: Int = 200, needs: Needed?,
        _ handle: @escaping @Sendable (Call, Body) async throws -> Value
    ) throws -> Route {
        Route(
            method: .post, path: Path(path), summary: summary, query: [], body: try Schema.of(Body.self),
            answer: .json(status: status, try Schema.of(Value.self)), needs: needs
        ) { call in
            .json(try Self.encoded(try await handle(call, try call.body(Body.self))))
        }
    }

    static func encoded(_ value: some Encodable) throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return try encoder.encode(value)
    }

    /// Refuses query parameters that the route does not know, and numbers out of their range.
    func checkQuery(_ query: [String: String]) throws(Wire.Problem) {
        for (name, value) in query.sorted(by: { $0.key < $1.key }) {
            guard let known = self.query.first(where: { $0.name == name }) else {
                let names = self.query.map(\.name).joined(separator: ", ")
                throw .invalid(
                    "Unknown query parameter `\(name.prefix(40))`. Known here: \(names.isEmpty ? "none" : names).")
            }
            switch known.kind {
            case .text: break
            case .number(let range):
                guard let number = Int(value), range.contains(number) else {
                    throw .invalid(
                        "`\(name)` is `\(value.prefix(40))`; it is a whole number "
                            + "from \(range.lowerBound) to \(range.upperBound).")
                }
            }
        }
    }
}
