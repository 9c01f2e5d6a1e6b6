package import Core
import Ports
import Synchronization

/// The store of secrets in memory.
package final class MemorySecrets: SecretStore {
    private let values = Mutex<[SecretVersion: String]>([:])

    package init() {}

    package func put(_ value: String, as version: SecretVersion) throws {
        try SecretValue.check(value)
        self.values.withLock { $0[version] = value }
    }

    package func value(_ version: SecretVersion) throws -> String {
        guard let value = self.values.withLock({ $0[version] }) else {
            throw SecretError(.missing, "There is no value of \(version).")
        }
        return value
    }

    package func remove(_ version: SecretVersion) throws { self.values.withLock { $0[version] = nil } }

    package func rotateKey() throws -> Int { self.values.withLock { $0.count } }
}
