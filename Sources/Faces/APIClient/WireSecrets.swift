extension Wire {
    /// What is on record about a secret. There is no value anywhere in the API but in `SetSecret`, on its way in.
    package struct Secret: Codable, Sendable, Equatable {
        package var name: String
        /// nil: for every environment that has no value of its own.
        package var environment: String?
        /// The newest; what runs may have an older one.
        package var version: Int
        package var by: String
        package var at: String

        package init(name: String, environment: String?, version: Int, by: String, at: String) {
            self.name = name
            self.environment = environment
            self.version = version
            self.by = by
            self.at = at
        }
    }

    /// `GET /services/{service}/secrets`
    package struct Secrets: Codable, Sendable, Equatable {
        package var service: String
        package var secrets: [Secret]

        package init(service: String, secrets: [Secret]) {
            self.service = service
            self.secrets = secrets
        }
    }

    /// `POST /services/{service}/secrets/{name}`
    package struct SetSecret: Codable, Sendable, Equatable {
        package var environment: String?
        package var value: String

        package init(environment: String?, value: String) {
            self.environment = environment
            self.value = value
        }
    }

    /// `POST /services/{service}/secrets/{name}/remove`
    package struct RemoveSecret: Codable, Sendable, Equatable {
        package var environment: String?
        package var reason: String

        package init(environment: String?, reason: String) {
            self.environment = environment
            self.reason = reason
        }
    }

    /// `POST /secrets/rotate-key`
    package struct KeyRotated: Codable, Sendable, Equatable {
        /// Values that were encrypted anew.
        package var values: Int

        package init(values: Int) { self.values = values }
    }
}

extension APIClient {
    package func secrets(of service: String) async throws -> Wire.Secrets {
        try await self.get(["services", service, "secrets"])
    }

    package func setSecret(_ name: String, of service: String, _ body: Wire.SetSecret) async throws -> Wire.Secrets {
        try await self.post(["services", service, "secrets", name], body)
    }

    package func removeSecret(
        _ name: String, of service: String, _ body: Wire.RemoveSecret
    ) async throws -> Wire.Secrets {
        try await self.post(["services", service, "secrets", name, "remove"], body)
    }

    package func rotateSecretKey(_ act: Wire.Act) async throws -> Wire.KeyRotated {
        try await self.post(["secrets", "rotate-key"], act)
    }
}
