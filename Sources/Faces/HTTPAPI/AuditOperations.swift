package import APIClient

/// The record taken out, and decided again.
package struct AuditOperations: Sendable {
    /// The next bytes of an export; nil at its end.
    package typealias Bytes = @Sendable () async throws -> [UInt8]?

    package var export: @Sendable (Caller, Wire.ExportForm, _ upTo: Int?) async throws -> Bytes
    package var replay: @Sendable (Caller, _ service: String?) async throws -> Wire.Replay

    /// Checks every hash and seal.
    package var verify: @Sendable (Caller) async throws -> Wire.Audit

    package init(
        export: @escaping @Sendable (Caller, Wire.ExportForm, _ upTo: Int?) async throws -> Bytes,
        replay: @escaping @Sendable (Caller, _ service: String?) async throws -> Wire.Replay,
        verify: @escaping @Sendable (Caller) async throws -> Wire.Audit
    ) {
        self.export = export
        self.replay = replay
        self.verify = verify
    }
}
