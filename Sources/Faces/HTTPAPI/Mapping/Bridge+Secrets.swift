import APIClient
import Core
import Engine

extension SecretOperations {
    init(_ bridge: Bridge) {
        self.init(
            secrets: { caller, service in try await bridge.saying { try await bridge.secrets(caller, service) } },
            set: { caller, service, name, body in
                try await bridge.saying { try await bridge.setSecret(caller, service, name, body) }
            },
            remove: { caller, service, name, body in
                try await bridge.saying { try await bridge.removeSecret(caller, service, name, body) }
            },
            rotateKey: { caller, act in
                try await bridge.saying {
                    _ = try bridge.reason(act)
                    return Wire.KeyRotated(
                        values: try await bridge.plane.rotateSecretKey(by: try await bridge.caller(caller)))
                }
            })
    }
}

extension Bridge {
    func secrets(_ caller: Caller, _ service: String) async throws -> Wire.Secrets {
        let records = try await self.plane.secrets(of: try self.service(service), by: try await self.caller(caller))
        return Wire.Secrets(
            service: service,
            secrets: records.map {
                Wire.Secret(
                    name: $0.name.text, environment: $0.environment?.text, version: $0.version,
                    by: $0.by.description, at: $0.at.wire)
            })
    }

    func setSecret(
        _ caller: Caller, _ service: String, _ name: String, _ body: Wire.SetSecret
    ) async throws -> Wire.Secrets {
        _ = try await self.plane.setSecret(
            try self.secretName(name), of: try self.service(service),
            in: try body.environment.map { try self.environment($0) }, value: body.value,
            by: try await self.caller(caller))
        return try await self.secrets(caller, service)
    }

    func removeSecret(
        _ caller: Caller, _ service: String, _ name: String, _ body: Wire.RemoveSecret
    ) async throws -> Wire.Secrets {
        try await self.plane.removeSecret(
            try self.secretName(name), of: try self.service(service),
            in: try body.environment.map { try self.environment($0) },
            reason: try self.reason(Wire.Act(reason: body.reason)), by: try await self.caller(caller))
        return try await self.secrets(caller, service)
    }

    private func secretName(_ text: String) throws -> SecretName {
        guard let name = SecretName(text) else {
            throw Core.Refusal(.invalid, "`\(text.prefix(80))` is no name of a secret: \(SecretName.rule).")
        }
        return name
    }
}
