import Foundation
import Testing

/// Checks values against the schemas of an OpenAPI document: what a server answers has to be as it says.
package struct Shapes {
    private let components: [String: [String: Any]]

    package init(_ document: [String: Any]) {
        let components = document["components"] as? [String: Any]
        self.components = components?["schemas"] as? [String: [String: Any]] ?? [:]
    }

    private func resolved(_ schema: [String: Any]) -> [String: Any] {
        guard let reference = schema["$ref"] as? String, let name = reference.split(separator: "/").last else {
            return schema
        }
        return self.components[String(name)] ?? [:]
    }

    package func faults(_ value: Any, _ schema: [String: Any], at place: String) -> [String] {
        let schema = self.resolved(schema)
        switch schema["type"] as? String {
        case "string":
            guard let text = value as? String else { return ["\(place) is not a string"] }
            guard let choices = schema["enum"] as? [String], !choices.contains(text) else { return [] }
            return ["\(place) is \(text), not one of \(choices)"]
        case "integer": return value is Int ? [] : ["\(place) is not an integer"]
        case "number": return value is Double ? [] : ["\(place) is not a number"]
        case "boolean": return value is Bool ? [] : ["\(place) is not a boolean"]
        case "array":
            guard let items = value as? [Any], let element = schema["items"] as? [String: Any] else {
                return ["\(place) is not a list"]
            }
            return items.flatMap { self.faults($0, element, at: "\(place)[]") }
        case "object":
            guard let fields = value as? [String: Any] else { return ["\(place) is not an object"] }
            guard let known = schema["properties"] as? [String: [String: Any]] else { return [] }
            let missing = (schema["required"] as? [String] ?? []).filter { fields[$0] == nil }
            return missing.map { "\(place).\($0) is missing" }
                + fields.flatMap { name, value in
                    known[name].map { self.faults(value, $0, at: "\(place).\(name)") }
                        ?? ["\(place).\(name) is not documented"]
                }
        default: return ["\(place) has no known type"]
        }
    }

    /// A body that fits the documented request.
    package func example(of request: [String: Any]) throws -> String {
        let content = try #require(request["content"] as? [String: [String: Any]])
        let schema = self.resolved(try #require(content["application/json"]?["schema"] as? [String: Any]))
        let properties = try #require(schema["properties"] as? [String: [String: Any]])
        let fields = try (schema["required"] as? [String] ?? []).map { name in
            let type = try #require(properties[name]?["type"] as? String)
            let value =
                switch type {
                case "string": "\"x\""
                case "boolean": "true"
                default: "1"
                }
            return "\"\(name)\":\(value)"
        }
        return "{" + fields.joined(separator: ",") + "}"
    }
}
