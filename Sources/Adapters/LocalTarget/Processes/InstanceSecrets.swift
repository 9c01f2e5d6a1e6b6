import Core
import Ports

/// Secrets reach an instance through its environment alone, and are hidden where its output is shown.
extension ProcessRuntime {
    /// By the name of the variable. Throws if one can't be read: an instance never starts without it.
    func values(of order: CapacityOrder) throws -> [String: String] {
        var values: [String: String] = [:]
        for version in order.secrets ?? [] { values[version.name.text] = try self.value(version, order.key) }
        return values
    }

    /// Throws if a value can't be read: what can't be hidden is not shown.
    func mask(of order: CapacityOrder) throws -> SecretMask {
        SecretMask(try (order.secrets ?? []).map { try self.value($0, order.key) })
    }

    /// The last lines of an instance's output, values of secrets hidden in them.
    func shown(_ order: CapacityOrder, _ log: InstanceLog, _ count: Int, characters: Int) throws -> [String] {
        let mask: SecretMask
        do { mask = try self.mask(of: order) } catch {
            return ["slipway: its output is not shown, because secrets in it could not be hidden: \(error)"]
        }
        return try log.lastLines(count, characters: characters, hiding: mask)
    }

    private func value(_ version: SecretVersion, _ key: CapacityKey) throws -> String {
        guard let secrets else {
            throw TargetError(.failed, "\(key) needs \(version), and no secrets are kept here.", retryable: false)
        }
        do { return try secrets.value(version) } catch {
            throw TargetError(.failed, "\(key) can't get its secrets. \(error)", retryable: true)
        }
    }
}
