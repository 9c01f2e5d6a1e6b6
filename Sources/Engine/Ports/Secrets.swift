package import Core

/// Where the values of secrets are kept: encrypted at rest, each bound to its service, environment, name and version. Calls are short
/// and block: a value is at most 16 KiB.
package protocol SecretStore: Sendable {
    /// Keeps a value, in place of one of the same version that never came on record. Durable when it returns.
    func put(_ value: String, as version: SecretVersion) throws
    /// Throws `SecretError` with `missing` if there is none.
    func value(_ version: SecretVersion) throws -> String
    /// Of one that is not there: done.
    func remove(_ version: SecretVersion) throws
    /// Encrypts every value under a new key; returns how many. Cut off at any moment, all values can still be read, and the next
    /// call ends it.
    func rotateKey() throws -> Int
}

package enum SecretValue {
    /// Shorter ones could not be hidden in output without hiding half of it.
    package static let least = 4
    package static let most = 16_384

    /// Refuses what can't be an environment variable, or can't be hidden.
    package static func check(_ value: String) throws(SecretError) {
        guard (Self.least...Self.most).contains(value.utf8.count), !value.utf8.contains(0) else {
            throw SecretError(
                .invalid,
                "A value has \(Self.least) to \(Self.most) bytes and no zero byte; this one has \(value.utf8.count). "
                    + "Shorter ones could not be hidden in output.")
        }
    }
}

/// What the store of secrets refuses or can't do. Never holds a value or a part of one.
package struct SecretError: Error, Sendable, Equatable, CustomStringConvertible {
    package enum Code: String, Sendable, CaseIterable {
        /// There is no such value.
        case missing
        /// The key that a value was encrypted with is not there, or is another one.
        case wrongKey
        /// A file, or the key itself, can't be read for what it should be.
        case damaged
        case invalid
        case failed
    }

    package let code: Code
    package let message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { self.message }
}

/// Hides the values of secrets in what is shown of a program's output.
package struct SecretMask: Sendable {
    package static let sign = "[secret]"
    private let forms: [[UInt8]]

    /// Each line of a value for itself, because output is shown line by line.
    package init(_ values: [String]) {
        let lines = values.flatMap { value in
            [Array(value.utf8)] + value.utf8.split(whereSeparator: { $0 == 0x0A || $0 == 0x0D }).map(Array.init)
        }
        // The longest first: one value may be the begin of another.
        self.forms = Set(lines.filter { $0.count >= SecretValue.least }).sorted { $0.count > $1.count }
    }

    package var isEmpty: Bool { self.forms.isEmpty }

    package func hide(_ text: String) -> String {
        self.isEmpty ? text : String(decoding: self.hide(Array(text.utf8)), as: UTF8.self)
    }

    package func hide(_ bytes: [UInt8]) -> [UInt8] {
        guard !self.isEmpty else { return bytes }
        let firsts = Set(self.forms.compactMap(\.first))
        var shown: [UInt8] = []
        shown.reserveCapacity(bytes.count)
        var index = 0
        while index < bytes.count {
            if firsts.contains(bytes[index]),
                let form = self.forms.first(where: { bytes[index...].starts(with: $0) })
            {
                shown += Array(Self.sign.utf8)
                index += form.count
            } else {
                shown.append(bytes[index])
                index += 1
            }
        }
        return shown
    }
}
