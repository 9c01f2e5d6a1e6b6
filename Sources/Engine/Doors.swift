package import Ports

/// The world, as the engine reaches it. The executable fills it once; nothing else knows concrete types.
package struct Doors: Sendable {
    package let blobs: any BlobStore
    package let source: any SourceRepository
    package let builder: any Builder
    package let commands: any CommandRunner
    package let probe: any Probe
    package let runtime: any Runtime
    package let router: any Router
    package let messenger: any Messenger
    /// Values of secrets; nil: none are kept here.
    package let secrets: (any SecretStore)?
    /// The room on the disk that builds fill; nil: unknown, so nothing waits for it.
    package let room: @Sendable () -> DiskRoom?
    /// Clears what builds and commands left behind.
    package let clearWork: @Sendable (WorkOrder) async throws -> Cleared

    package init(
        blobs: any BlobStore, source: any SourceRepository, builder: any Builder, commands: any CommandRunner,
        probe: any Probe, runtime: any Runtime, router: any Router, messenger: any Messenger,
        secrets: (any SecretStore)? = nil,
        room: @escaping @Sendable () -> DiskRoom? = { nil },
        clearWork: @escaping @Sendable (WorkOrder) async throws -> Cleared = { _ in Cleared() }
    ) {
        self.blobs = blobs
        self.source = source
        self.builder = builder
        self.commands = commands
        self.probe = probe
        self.runtime = runtime
        self.router = router
        self.messenger = messenger
        self.secrets = secrets
        self.room = room
        self.clearWork = clearWork
    }
}
