import Foundation
import Kits
import Testing

/// An OpenAPI document, asked whether an answer is one that it speaks of.
struct DocumentedAnswers {
    struct Route {
        let method: String
        let path: String
        fileprivate let operation: [String: Any]

        /// Whether a path is one of this route.
        func fits(_ method: String, _ path: String) -> Bool {
            let (own, other) = (self.path.split(separator: "/"), path.split(separator: "/"))
            return self.method == method && own.count == other.count
                && zip(own, other).allSatisfy { $0 == $1 || $0.hasPrefix("{") }
        }
    }

    let routes: [Route]
    private let shapes: Shapes

    init(_ document: [String: Any]) {
        self.shapes = Shapes(document)
        let paths = document["paths"] as? [String: [String: [String: Any]]] ?? [:]
        self.routes = paths.flatMap { path, methods in
            methods.map { Route(method: $0.uppercased(), path: path, operation: $1) }
        }.sorted { ($0.path, $0.method) < ($1.path, $1.method) }
    }

    /// A body that fits, for a route that takes one.
    func body(for route: Route) throws -> String? {
        try (route.operation["requestBody"] as? [String: Any]).map { try self.shapes.example(of: $0) }
    }

    func isStream(_ route: Route) -> Bool {
        (route.operation["responses"] as? [String: [String: Any]])?.values.contains {
            ($0["content"] as? [String: Any])?["text/event-stream"] != nil
        } ?? false
    }

    /// What of an answer is not as documented.
    func faults(of answer: Answer, to route: Route) throws -> [String] {
        let responses = try #require(route.operation["responses"] as? [String: [String: Any]])
        let isProblem = answer.status >= 400
        let response = responses[String(answer.status)] ?? (isProblem ? responses["default"] : nil)
        guard let content = response?["content"] as? [String: [String: Any]] else {
            return ["the status \(answer.status) is not documented"]
        }
        let type = String(answer.type.prefix { $0 != ";" })
        guard let media = content[type] else { return ["the type \(answer.type) is not documented"] }
        if type == "text/event-stream" { return [] }
        if type == "application/jsonl" {
            let lines = answer.text.split(separator: "\n")
            let values = try lines.map { try JSONSerialization.jsonObject(with: Data($0.utf8)) }
            return values.count > 2 && values.allSatisfy { $0 is [String: Any] } ? [] : ["no lines of JSON objects"]
        }
        let schema = try #require(media["schema"] as? [String: Any])
        let value = try JSONSerialization.jsonObject(with: Data(answer.text.utf8), options: .fragmentsAllowed)
        return self.shapes.faults(value, schema, at: route.path)
    }
}

struct Answer: Sendable {
    let status: Int
    let type: String
    let text: String
}
