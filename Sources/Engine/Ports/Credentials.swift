/// Whose and which record of sign-in.
package struct CredentialKey: Sendable, Hashable, CustomStringConvertible {
    package enum Kind: String, Sendable, CaseIterable {
        /// What a password is checked against, by person.
        case password
        /// By the hash of the session's id.
        case session
        /// A one-time link, by the hash of its secret.
        case link
        /// Who a person is at an identity provider, by person.
        case identity
    }

    package let kind: Kind
    /// 1 to 256 bytes.
    package let id: String

    package init(_ kind: Kind, _ id: String) {
        self.kind = kind
        self.id = id
    }

    package var description: String { "\(self.kind.rawValue) of \(self.id)" }
}

/// What people sign in with, kept beside the ledger and encrypted at rest, each record bound to its key: it never is in an event, an
/// export, a log or a page. Calls are short and block: a record has at most 16 KiB. Throws `SecretError`.
package protocol CredentialStore: Sendable {
    /// In place of what was there. Durable when it returns.
    func put(_ bytes: [UInt8], as key: CredentialKey) throws
    /// nil: there is none.
    func read(_ key: CredentialKey) throws -> [UInt8]?
    /// Of one that is not there: done.
    func remove(_ key: CredentialKey) throws
    /// The ids of a kind, in no order.
    func ids(of kind: CredentialKey.Kind) throws -> [String]
    /// Encrypts every record under a new key; returns how many. Cut off at any moment, all can still be read, and the next call ends it.
    func rotateKey() throws -> Int
}

package enum CredentialRecord {
    package static let idBytesMost = 256
    package static let bytesMost = 16_384

    package static func check(_ bytes: [UInt8], as key: CredentialKey) throws(SecretError) {
        guard (1...Self.bytesMost).contains(bytes.count), (1...Self.idBytesMost).contains(key.id.utf8.count) else {
            throw SecretError(
                .invalid,
                "A record of sign-in has 1 to \(Self.bytesMost) bytes and an id of at most \(Self.idBytesMost).")
        }
    }
}
