package import APIClient

/// Names and versions of secrets; values go in and never come out.
package struct SecretOperations: Sendable {
    package var secrets: @Sendable (Caller, _ service: String) async throws -> Wire.Secrets
    package var set: @Sendable (Caller, _ service: String, _ name: String, Wire.SetSecret) async throws -> Wire.Secrets
    package var remove:
        @Sendable (Caller, _ service: String, _ name: String, Wire.RemoveSecret) async throws -> Wire.Secrets
    package var rotateKey: @Sendable (Caller, Wire.Act) async throws -> Wire.KeyRotated

    package init(
        secrets: @escaping @Sendable (Caller, _ service: String) async throws -> Wire.Secrets,
        set:
            @escaping @Sendable (
                Caller, _ service: String, _ name: String, Wire.SetSecret
            ) async throws -> Wire.Secrets,
        remove:
            @escaping @Sendable (
                Caller, _ service: String, _ name: String, Wire.RemoveSecret
            ) async throws -> Wire.Secrets,
        rotateKey: @escaping @Sendable (Caller, Wire.Act) async throws -> Wire.KeyRotated
    ) {
        self.secrets = secrets
        self.set = set
        self.remove = remove
        self.rotateKey = rotateKey
    }
}
