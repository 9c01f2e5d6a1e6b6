/// The name of a secret, which is that of the environment variable that an instance gets it as.
package struct SecretName: Identifier {
    package let text: String
    package static let rule = "a letter or `_`, then letters, digits and `_`; at most 128, and not `PORT`"
    package init?(_ text: String) {
        guard let first = text.utf8.first, text.utf8.count <= 128, !(0x30...0x39).contains(first), text != "PORT",
            text.utf8.allSatisfy({
                (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0) || $0 == 0x5F
            })
        else { return nil }
        self.text = text
    }
}

/// One value that a secret has had. What stands here is public; the value itself is behind the door `SecretStore`.
package struct SecretVersion: Sendable, Hashable, Codable, CustomStringConvertible {
    package let service: ServiceName
    /// nil: for every environment that has no value of its own.
    package let environment: EnvironmentName?
    package let name: SecretName
    /// 1, 2, … for each service, environment and name; never given twice.
    package let version: Int

    package init(service: ServiceName, environment: EnvironmentName?, name: SecretName, version: Int) {
        self.service = service
        self.environment = environment
        self.name = name
        self.version = version
    }

    package var description: String {
        "\(self.name) version \(self.version) of \(self.service)\(self.environment.map { "/\($0)" } ?? "")"
    }
}

/// What is on record about a secret: who changed it and when, never the value.
package struct SecretRecord: Sendable, Equatable, Codable {
    package let name: SecretName
    package let environment: EnvironmentName?
    /// The newest; stays when the secret is removed, so that no number is given twice.
    package internal(set) var version: Int
    package internal(set) var isRemoved: Bool
    package internal(set) var by: Actor
    package internal(set) var at: Instant
}

extension Service {
    package static let secretLimit = 500

    package struct SecretSet: Sendable, Equatable, Codable {
        package let name: SecretName
        package let environment: EnvironmentName?
        package let version: Int
        package let by: Actor
        package let at: Instant
    }

    package struct SecretRemoved: Sendable, Equatable, Codable {
        package let name: SecretName
        package let environment: EnvironmentName?
        package let version: Int
        package let by: Actor
        package let reason: String
        package let at: Instant
    }

    /// The number that the next value gets.
    package func nextSecretVersion(_ name: SecretName, _ environment: EnvironmentName?) -> Int {
        (self.secretRecord(name, environment)?.version ?? 0) + 1
    }

    package func secretRecord(_ name: SecretName, _ environment: EnvironmentName?) -> SecretRecord? {
        self.secrets.first { $0.name == name && $0.environment == environment }
    }

    /// What an instance in an environment gets now: the environment's own value before that of all; nil: there is none.
    package func secret(
        _ name: SecretName, of service: ServiceName, in environment: EnvironmentName
    ) -> SecretVersion? {
        let records = [self.secretRecord(name, environment), self.secretRecord(name, nil)].compactMap(\.self)
        return records.first { !$0.isRemoved }.map {
            SecretVersion(service: service, environment: $0.environment, name: name, version: $0.version)
        }
    }
}
