import APIClient
import Foundation
import HTTPAPI
import Kits
import Testing

/// The OpenAPI document against the running server.
@Suite(.timeLimit(.minutes(1))) struct ContractTests {
    /// The contract with other programs: what must be there, whatever else is.
    static let operations = [
        "GET /status", "POST /services/apply", "GET /services/{service}",
        "POST /services/{service}/poll", "POST /releases", "GET /releases",
        "GET /releases/{release}", "GET /releases/{release}/log", "POST /prune", "POST /promotions", "GET /queue",
        "GET /promotions/{service}/{environment}/{number}",
        "GET /promotions/{service}/{environment}/{number}/traffic", "GET /lanes/{service}/{environment}",
        "GET /lanes/{service}/{environment}/rollback", "GET /lanes/{service}/{environment}/logs", "GET /changes",
        "GET /changes/{change}",
        "POST /changes/{change}/approve", "POST /changes/{change}/reject", "GET /events", "GET /events/stream",
        "GET /services/{service}/secrets", "POST /services/{service}/secrets/{name}",
        "POST /services/{service}/secrets/{name}/remove", "POST /secrets/rotate-key",
        "GET /calendar", "POST /calendar", "POST /calendar/{name}/remove",
        "GET /lanes/{service}/{environment}/outlook",
        "POST /promotions/{service}/{environment}/{number}/override", "POST /stop", "POST /lift",
        "GET /why/{id}", "GET /why/{service}/{environment}/{number}", "POST /audit/verify", "GET /audit/export",
        "POST /audit/replay", "GET /tokens",
        "POST /tokens", "DELETE /tokens/{name}", "GET /openapi.json", "GET /whoami",
        "GET /people", "POST /people", "POST /people/{person}/deactivate", "GET /teams", "POST /teams",
        "POST /teams/{team}/members", "DELETE /teams/{team}/members/{person}", "POST /teams/{team}/accounts",
        "DELETE /teams/{team}/accounts/{account}", "GET /grants", "POST /grants", "POST /grants/remove",
        "GET /sessions", "DELETE /sessions", "DELETE /sessions/{session}", "POST /people/{person}/invite",
    ]

    private func document(_ server: LiveServer) async throws -> [String: Any] {
        let answer = try await server.send("GET", "/api/v1/openapi.json")
        #expect(answer.status == 200)
        return try #require(try JSONSerialization.jsonObject(with: Data(answer.text.utf8)) as? [String: Any])
    }

    @Test func `the document names every operation of the contract`() async throws {
        try await LiveServer.with { server in
            let document = try await self.document(server)
            let paths = try #require(document["paths"] as? [String: [String: Any]])
            let documented = Set(paths.flatMap { path, methods in methods.keys.map { "\($0.uppercased()) \(path)" } })
            let verbs =
                Wire.PromotionVerb.allCases.map { "POST /promotions/{service}/{environment}/{number}/\($0.rawValue)" }
                + Wire.LaneVerb.allCases.map { "POST /lanes/{service}/{environment}/\($0.rawValue)" }
            let wanted = Set((Self.operations + verbs).map { $0.replacingOccurrences(of: " /", with: " /api/v1/") })
            #expect(documented == wanted)
            let ids = paths.values.flatMap(\.values).compactMap { ($0 as? [String: Any])?["operationId"] as? String }
            #expect(Set(ids).count == wanted.count)
        }
    }

    @Test func `every documented route gives the documented status and an answer of the documented shape`() async throws
    {
        try await LiveServer.with { server in
            server.world.append(3)
            let document = try await self.document(server)
            let shapes = Shapes(document)
            let paths = try #require(document["paths"] as? [String: [String: [String: Any]]])
            var walked = 0
            for (path, methods) in paths {
                for (method, operation) in methods {
                    try await self.walk(server, method.uppercased(), path, operation, shapes)
                    walked += 1
                }
            }
            #expect(walked >= Self.operations.count)
        }
    }

    private func walk(
        _ server: LiveServer, _ method: String, _ path: String, _ operation: [String: Any], _ shapes: Shapes
    ) async throws {
        let values = ["service": "shop", "environment": "production", "number": "3", "release": "rel-1.4.0"]
        var target = path
        for (name, value) in values { target = target.replacingOccurrences(of: "{\(name)}", with: value) }
        target = target.replacing(/\{[a-z]+\}/, with: "x")
        let responses = try #require(operation["responses"] as? [String: [String: Any]])
        let status = try #require(responses.keys.first { $0 != "default" })
        let content = try #require(responses[status]?["content"] as? [String: [String: Any]])
        if content["text/event-stream"] != nil {
            let socket = try RawSocket(port: server.port)
            socket.send("GET \(target) HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \(World.token)\r\n\r\n")
            let text = await socket.read(until: "id: 3")
            #expect(text.hasPrefix("HTTP/1.1 200") && text.lowercased().contains("content-type: text/event-stream"))
            return
        }
        let body = try (operation["requestBody"] as? [String: Any]).map { try shapes.example(of: $0) }
        let answer = try await server.send(method, target, body: body)
        #expect(String(answer.status) == status, "\(method) \(target): \(answer.text)")
        if content["application/jsonl"] != nil {
            #expect(answer.type == "application/jsonl")
            #expect(answer.text.hasPrefix("{\"export\":\"slipway\""))
            return
        }
        let schema = try #require(content["application/json"]?["schema"] as? [String: Any])
        let value = try JSONSerialization.jsonObject(with: Data(answer.text.utf8), options: .fragmentsAllowed)
        #expect(shapes.faults(value, schema, at: path) == [])
    }

    @Test func `an answer with a field too many or of another kind is found by the check of shapes`() async throws {
        try await LiveServer.with { server in
            let shapes = Shapes(try await self.document(server))
            let schema = ["$ref": "#/components/schemas/Act"]
            #expect(shapes.faults(["reason": "x"], schema, at: "a") == [])
            #expect(shapes.faults(["reason": 1], schema, at: "a") == ["a.reason is not a string"])
            #expect(shapes.faults([String: String](), schema, at: "a") == ["a.reason is missing"])
            #expect(shapes.faults(["reason": "x", "more": "y"], schema, at: "a") == ["a.more is not documented"])
        }
    }
}
