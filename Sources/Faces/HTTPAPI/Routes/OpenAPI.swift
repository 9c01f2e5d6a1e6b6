import APIClient
import Core
import HTTPTypes

/// The OpenAPI 3.1 document of a route table (spec.openapis.org/oas/v3.1.0).
struct OpenAPI {
    let table: RouteTable

    func document() throws -> JSON {
        var paths: [String: [String: JSON]] = [:]
        var components: [String: JSON] = [:]
        try Self.collect(try Schema.of(Wire.Problem.self), into: &components)
        for route in self.table.routes {
            for schema in route.schemas { try Self.collect(schema, into: &components) }
            let path = "/" + RouteTable.prefix.joined(separator: "/") + "/" + route.path.text
            paths[path, default: [:]][route.method.rawValue.lowercased()] = self.operation(route)
        }
        return [
            "openapi": "3.1.0",
            "info": [
                "title": "Slipway", "version": "1",
                "description":
                    .string(
                        "Times are RFC 3339 in UTC with milliseconds; durations are whole milliseconds; "
                            + "weights are basis points."),
            ],
            "security": [["token": []]],
            "paths": .object(paths.mapValues(JSON.object)),
            "components": [
                "schemas": .object(components),
                "securitySchemes": ["token": ["type": "http", "scheme": "bearer"]],
            ],
        ]
    }

    private func operation(_ route: Route) -> JSON {
        var fields: [String: JSON] = [
            "summary": .string(route.summary),
            "operationId": .string(route.operationID),
            "responses": [
                String(route.status): route.answerObject,
                "default": [
                    "description": "What is wrong, as RFC 9457 problem details.",
                    "content": ["application/problem+json": ["schema": Self.reference("Problem")]],
                ],
            ],
        ]
        if let needs = route.needs {
            fields["x-slipway-right"] = .string(needs.right.rawValue)
            fields["x-slipway-scope"] = .string(needs.place.rawValue)
        }
        let parameters = route.path.variables.map(Self.pathParameter) + route.query.map(Self.queryParameter)
        if !parameters.isEmpty { fields["parameters"] = .array(parameters) }
        if let body = route.body {
            fields["requestBody"] = [
                "required": .boolean(true), "content": ["application/json": ["schema": Self.json(body)]],
            ]
        }
        return .object(fields)
    }

    private static func pathParameter(_ name: String) -> JSON {
        ["name": .string(name), "in": "path", "required": .boolean(true), "schema": ["type": "string"]]
    }

    private static func queryParameter(_ parameter: QueryParameter) -> JSON {
        let schema: JSON =
            switch parameter.kind {
            case .text: ["type": "string"]
            case .number(let range):
                [
                    "type": "integer", "format": "int64", "minimum": .integer(range.lowerBound),
                    "maximum": .integer(range.upperBound),
                ]
            }
        return [
            "name": .string(parameter.name), "in": "query", "description": .string(parameter.summary), "schema": schema,
        ]
    }

    static func reference(_ name: String) -> JSON {
        ["$ref": .string("#/components/schemas/\(name)")]
    }

    /// Objects stand under their name in `components`.
    static func json(_ schema: Schema) -> JSON {
        switch schema {
        case .string: ["type": "string"]
        case .integer: ["type": "integer", "format": "int64"]
        case .number: ["type": "number", "format": "double"]
        case .boolean: ["type": "boolean"]
        case .choice(let names): ["type": "string", "enum": .array(names.map(JSON.string))]
        case .array(let element): ["type": "array", "items": Self.json(element)]
        case .object(let name, _): Self.reference(name)
        }
    }

    private static func collect(_ schema: Schema, into components: inout [String: JSON]) throws {
        switch schema {
        case .string, .integer, .number, .boolean, .choice: break
        case .array(let element): try Self.collect(element, into: &components)
        case .object(let name, let fields):
            let properties = Dictionary(uniqueKeysWithValues: fields.map { ($0.name, Self.json($0.schema)) })
            components[name] = [
                "type": "object", "properties": .object(properties),
                "required": .array(fields.filter(\.isRequired).map { .string($0.name) }),
            ]
            for field in fields { try Self.collect(field.schema, into: &components) }
        }
    }
}

extension Route {
    var status: Int {
        switch self.answer {
        case .json(let status, _): status
        case .events, .bytes, .document: 200
        }
    }

    fileprivate var schemas: [Schema] {
        let body = self.body.map { [$0] } ?? []
        return switch self.answer {
        case .json(_, let schema), .events(let schema): body + [schema]
        case .bytes, .document: body
        }
    }

    /// `postLanesServiceEnvironmentRollback`: unique, as method and path are.
    fileprivate var operationID: String {
        let words = self.path.text.split { !$0.isLetter && !$0.isNumber }
        return self.method.rawValue.lowercased() + words.map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
    }

    fileprivate var answerObject: JSON {
        let content: JSON =
            switch self.answer {
            case .json(_, let schema): ["application/json": ["schema": OpenAPI.json(schema)]]
            case .events: ["text/event-stream": ["schema": ["type": "string"]]]
            case .bytes(let types):
                .object(
                    Dictionary(uniqueKeysWithValues: types.map { ($0, ["schema": ["type": "string"]]) }))
            case .document: ["application/json": ["schema": ["type": "object"]]]
            }
        return ["description": "Done.", "content": content]
    }
}
