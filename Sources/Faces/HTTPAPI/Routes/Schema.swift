import APIClient

/// The shape of a wire type, read from the type itself (`Schema.of`), so that the document, the check of requests and
/// the types can't drift apart.
package indirect enum Schema: Sendable, Equatable {
    case string
    case integer
    /// With decimals.
    case number
    case boolean
    /// One of these strings.
    case choice([String])
    case array(Schema)
    case object(name: String, fields: [Field])

    package struct Field: Sendable, Equatable {
        package var name: String
        package var schema: Schema
        package var isRequired: Bool
    }

    /// Decodes a probe instead of data, and notes which keys of which kinds the type asks for.
    package static func of<Value: Decodable>(_ type: Value.Type) throws -> Schema {
        try Probe.read(type).schema
    }
}

/// Stands in for data: answers every question with an empty value and remembers the question.
private struct Probe: Decoder {
    /// Filled while the type decodes itself; one decoder is used by one type in one call, never shared.
    final class Notes {
        var fields: [Schema.Field] = []
        var element: Schema?
        var scalar: Schema?
    }

    struct Unknown: Error, CustomStringConvertible {
        var description: String
    }

    let notes = Notes()
    var codingPath: [any CodingKey] { [] }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    static func read<Value: Decodable>(_ type: Value.Type) throws -> (schema: Schema, value: Value) {
        if let choice = type as? any Choice.Type, let value = choice.first as? Value {
            return (.choice(choice.names), value)
        }
        let probe = Probe()
        let value = try Value(from: probe)
        if let scalar = probe.notes.scalar { return (scalar, value) }
        if let element = probe.notes.element { return (.array(element), value) }
        let name = String(describing: type)
        return (.object(name: name, fields: probe.notes.fields), value)
    }

    func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        KeyedDecodingContainer(Keyed<Key>(notes: self.notes))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
        Unkeyed(notes: self.notes)
    }

    func singleValueContainer() throws -> any SingleValueDecodingContainer {
        Single(notes: self.notes)
    }
}

/// A closed set of strings on the wire.
private protocol Choice {
    static var names: [String] { get }
    static var first: (any Sendable)? { get }
}

extension Choice where Self: CaseIterable & RawRepresentable & Sendable, RawValue == String {
    static var names: [String] { Self.allCases.map(\.rawValue) }
    static var first: (any Sendable)? { Self.allCases.first }
}

extension Wire.PromotionState: Choice {}
extension Wire.ReleaseState: Choice {}
extension Wire.PromotionVerb: Choice {}

extension Probe {
    struct Keyed<Key: CodingKey>: KeyedDecodingContainerProtocol {
        let notes: Notes
        var codingPath: [any CodingKey] { [] }
        var allKeys: [Key] { [] }

        func contains(_ key: Key) -> Bool { true }
        func decodeNil(forKey key: Key) throws -> Bool { false }

        func decode<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value {
            let (schema, value) = try Probe.read(type)
            self.notes.fields.append(.init(name: key.stringValue, schema: schema, isRequired: true))
            return value
        }

        func decodeIfPresent<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value? {
            try self.optional(type, key)
        }

        // Swift's own scalars have their own requirements in the protocol; their defaults would ask for a value.
        func decodeIfPresent(_ type: String.Type, forKey key: Key) throws -> String? { try self.optional(type, key) }
        func decodeIfPresent(_ type: Bool.Type, forKey key: Key) throws -> Bool? { try self.optional(type, key) }
        func decodeIfPresent(_ type: Int.Type, forKey key: Key) throws -> Int? { try self.optional(type, key) }
        func decodeIfPresent(_ type: Int64.Type, forKey key: Key) throws -> Int64? { try self.optional(type, key) }
        func decodeIfPresent(_ type: Double.Type, forKey key: Key) throws -> Double? { try self.optional(type, key) }

        private func optional<Value: Decodable>(_ type: Value.Type, _ key: Key) throws -> Value? {
            let (schema, _) = try Probe.read(type)
            self.notes.fields.append(.init(name: key.stringValue, schema: schema, isRequired: false))
            return nil
        }

        func nestedContainer<Nested: CodingKey>(
            keyedBy type: Nested.Type, forKey key: Key
        ) throws -> KeyedDecodingContainer<Nested> {
            throw Unknown(description: "nested containers have no schema")
        }

        func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
            throw Unknown(description: "nested containers have no schema")
        }

        func superDecoder() throws -> any Decoder { throw Unknown(description: "classes have no schema") }
        func superDecoder(forKey key: Key) throws -> any Decoder { try self.superDecoder() }
    }

    struct Unkeyed: UnkeyedDecodingContainer {
        let notes: Notes
        var codingPath: [any CodingKey] { [] }
        var count: Int? { 1 }
        var currentIndex = 0
        var isAtEnd: Bool { self.currentIndex > 0 }

        init(notes: Notes) {
            self.notes = notes
        }

        mutating func decodeNil() throws -> Bool { false }

        mutating func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
            let (schema, value) = try Probe.read(type)
            self.notes.element = schema
            self.currentIndex += 1
            return value
        }

        mutating func nestedContainer<Nested: CodingKey>(
            keyedBy type: Nested.Type
        ) throws -> KeyedDecodingContainer<Nested> {
            throw Unknown(description: "nested containers have no schema")
        }

        mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
            throw Unknown(description: "nested containers have no schema")
        }

        mutating func superDecoder() throws -> any Decoder { throw Unknown(description: "classes have no schema") }
    }

    struct Single: SingleValueDecodingContainer {
        let notes: Notes
        var codingPath: [any CodingKey] { [] }

        func decodeNil() -> Bool { false }

        func decode(_ type: String.Type) throws -> String {
            self.notes.scalar = .string
            return ""
        }

        func decode(_ type: Bool.Type) throws -> Bool {
            self.notes.scalar = .boolean
            return false
        }

        func decode(_ type: Int.Type) throws -> Int {
            self.notes.scalar = .integer
            return 0
        }

        func decode(_ type: Int64.Type) throws -> Int64 {
            self.notes.scalar = .integer
            return 0
        }

        func decode(_ type: Double.Type) throws -> Double {
            self.notes.scalar = .number
            return 0
        }

        func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
            throw Unknown(
                description: "\(type) has no schema: the wire holds strings, numbers, booleans, lists and objects")
        }
    }
}
