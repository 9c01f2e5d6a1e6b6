package import Ports
import Synchronization

/// The store of what people sign in with, in memory.
package final class MemoryCredentials: CredentialStore {
    private let records = Mutex<[CredentialKey: [UInt8]]>([:])

    package init() {}

    package func put(_ bytes: [UInt8], as key: CredentialKey) throws {
        try CredentialRecord.check(bytes, as: key)
        self.records.withLock { $0[key] = bytes }
    }

    package func read(_ key: CredentialKey) throws -> [UInt8]? { self.records.withLock { $0[key] } }

    package func remove(_ key: CredentialKey) throws { self.records.withLock { $0[key] = nil } }

    package func ids(of kind: CredentialKey.Kind) throws -> [String] {
        self.records.withLock { $0.keys.filter { $0.kind == kind }.map(\.id) }
    }

    package func rotateKey() throws -> Int { self.records.withLock { $0.count } }
}
