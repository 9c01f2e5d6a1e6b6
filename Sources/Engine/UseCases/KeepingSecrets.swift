package import Core
import Ports

extension ControlPlane {
    /// Names, versions, who and when; never a value.
    package func secrets(of service: ServiceName, by caller: Caller) async throws -> [SecretRecord] {
        try await self.authorize(caller, .view, on: .service(service))
        return try await self.known(service).machine.secrets.filter { !$0.isRemoved }
            .sorted { ($0.name, $0.environment?.text ?? "") < ($1.name, $1.environment?.text ?? "") }
    }

    /// Keeps a value as the next version. Instances get it with the next deployment; what runs keeps the one it has.
    /// `environment` nil: for every environment that has none of its own.
    package func setSecret(
        _ name: SecretName, of service: ServiceName, in environment: EnvironmentName?, value: String, by caller: Caller
    ) async throws -> SecretVersion {
        let store = try await self.secretStore(service, environment, by: caller)
        do { try SecretValue.check(value) } catch { throw Refusal(.invalid, error.message) }
        let version = try await self.journal.retrying {
            // The value is there before the record says so; nobody else may take its number meanwhile.
            try await self.journal.reserving("secrets of \(service)") {
                let loaded = try await self.journal.service(service)
                let version = SecretVersion(
                    service: service, environment: environment, name: name,
                    version: loaded.machine.nextSecretVersion(name, environment))
                let now = self.journal.time.now()
                let events = try loaded.machine.decide(.setSecret(name, environment, by: caller.actor, at: now))
                do {
                    try store.put(value, as: version)
                } catch let error as SecretError {
                    throw Refusal(.wrongState, error.message)
                }
                if let draft = try self.journal.draft(loaded, events) {
                    try await self.journal.append([draft], by: caller.actor, at: now)
                }
                return version
            }
        }
        try await self.clearSecrets(of: service)
        return version
    }

    /// What runs keeps its value; nothing new is deployed with it.
    package func removeSecret(
        _ name: SecretName, of service: ServiceName, in environment: EnvironmentName?, reason: String, by caller: Caller
    ) async throws {
        _ = try await self.secretStore(service, environment, by: caller)
        try await self.journal.decide(Service.self, .service(service), by: caller.actor) { now in
            .removeSecret(name, environment, by: caller.actor, reason: reason, at: now)
        }
        try await self.clearSecrets(of: service)
    }

    /// Encrypts all values, and what people sign in with, under a new key; returns how many values.
    package func rotateSecretKey(by caller: Caller) async throws -> Int {
        try await self.authorize(caller, .administer, on: .organisation, "the key of all secrets")
        guard let store = self.doors.secrets else { throw Self.noSecrets }
        do {
            _ = try self.signIn?.desk.rotateKey()
            return try store.rotateKey()
        } catch let error as SecretError {
            throw Refusal(.wrongState, error.message)
        }
    }

    /// Old values go once nothing that runs, stands by or can be rolled back to has them.
    func clearSecrets(of name: ServiceName) async throws {
        guard let store = self.doors.secrets else { return }
        let service = try await self.journal.service(name).machine
        var needed: Set<SecretVersion> = []
        for head in try await self.journal.ledger.heads() {
            guard case .lane(let id) = head.stream, id.service == name else { continue }
            needed.formUnion(try await self.journal.lane(id).machine.neededSecrets)
        }
        for record in service.secrets {
            for number in 1...record.version where record.isRemoved || number < record.version {
                let version = SecretVersion(
                    service: name, environment: record.environment, name: record.name, version: number)
                if !needed.contains(version) { try store.remove(version) }
            }
        }
    }

    private func secretStore(
        _ service: ServiceName, _ environment: EnvironmentName?, by caller: Caller
    ) async throws -> any SecretStore {
        let scope = environment.map { AccessScope.lane(LaneID(service: service, environment: $0)) }
        try await self.authorize(caller, .administer, on: scope ?? .service(service), "secrets")
        if let environment {
            _ = try await self.known(LaneID(service: service, environment: environment))
        } else {
            _ = try await self.known(service)
        }
        guard let store = self.doors.secrets else { throw Self.noSecrets }
        return store
    }

    private static var noSecrets: Refusal {
        Refusal(.wrongState, "This server keeps no secrets: start it with a data folder.")
    }
}
