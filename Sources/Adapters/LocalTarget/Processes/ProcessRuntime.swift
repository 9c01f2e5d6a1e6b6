import Core
import Glibc
package import Logging
package import Ports

/// The door `Runtime` with plain processes of this machine.
///
/// What it keeps is on disk (`CapacityFolder`), so a new one on the same folder goes on where the last one was killed:
/// it finds the instances by their identity and leaves them running. Cancelling `ensure` leaves what was started as it
/// is: the next `ensure` takes it over, `stop` ends it. Supervision, health and log rotation happen while `run()` runs.
///
/// An actor, because calls for many lanes and two loops change the same records; no invariant spans an `await`.
package actor ProcessRuntime: Runtime {
    /// Paces and limits. The defaults are the product's; tests go faster.
    package struct Settings: Sendable {
        package var supervision = Duration.milliseconds(200)
        package var health = Duration.seconds(1)
        /// Longest wait for one answer to a health check.
        package var answer = Duration.seconds(2)
        /// Between SIGTERM and SIGKILL.
        package var grace = Duration.seconds(5)
        package var logBytes = InstanceLog.rotatedAt
        /// Capacities of a lane whose logs are kept after they were stopped.
        package var keptLogs = 10
        /// PATH of the instances.
        package var path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

        package init() {}
    }

    struct Capacity {
        var order: CapacityOrder
        var record: CapacityRecord
        /// Rises with each `stop`, so that an `ensure` under way learns of it.
        var stops = 0
        /// SIGTERM was sent: too late to take it over.
        var isEnding = false
        var live: [Int: Live] = [:]
        /// What went wrong last in supervision; the same is not logged twice.
        var complaint: String?
    }

    /// What is known of an instance while we run, and found out again by the next run.
    struct Live {
        var started: ContinuousClock.Instant?
        var failures = 0
        /// When it is started again; nobody starts it earlier.
        var restart: ContinuousClock.Instant?
        /// How it ended, while it waits for that.
        var death: String?
        var answer: (ProbeAnswer, at: ContinuousClock.Instant)?
        var isReady = false
    }

    /// Capacities whose number of ready instances may have changed. An instance that was started again has its old
    /// address. For one reader.
    package nonisolated let changes: AsyncStream<CapacityKey>

    let lanes: LaneFolders
    let table: ProcessTable
    let ports: FreePorts
    let probe: any Probe
    let settings: Settings
    let logger: Logger
    let changed: AsyncStream<CapacityKey>.Continuation
    let blobs: any BlobStore
    /// Values that instances get when they are started; nil: none are kept here.
    let secrets: (any SecretStore)?
    let unpack: @Sendable (_ archive: String, _ folder: String) async throws -> Void
    let requestsUnderWay: @Sendable (CapacityKey) async throws -> Int
    let clock = ContinuousClock()
    var capacities: [CapacityKey: Capacity] = [:]
    var isLoaded = false

    /// - Parameters:
    ///   - data: the data folder; made if it is not there.
    ///   - probe: asks the instances for their health; must not follow redirects.
    ///   - unpack: writes the content of an archive into an empty folder.
    ///   - requestsUnderWay: the router's count; an instance is stopped when it says 0.
    ///   - bootIdentityFile: a parameter so that tests can play a reboot.
    package init(
        data: String, blobs: any BlobStore, probe: any Probe, logger: Logger = Logger(label: "slipway.processes"),
        settings: Settings = Settings(), secrets: (any SecretStore)? = nil,
        bootIdentityFile: String = "/proc/sys/kernel/random/boot_id",
        unpack: @escaping @Sendable (_ archive: String, _ folder: String) async throws -> Void,
        requestsUnderWay: @escaping @Sendable (CapacityKey) async throws -> Int
    ) throws {
        try FolderTree.make(data)
        guard let resolved = realpath(data, nil) else {
            throw TargetError(.failed, "The data folder \(data) can't be found.", retryable: false)
        }
        defer { free(resolved) }
        self.lanes = LaneFolders(data: String(cString: resolved))
        self.table = try ProcessTable(bootIdentityFile: bootIdentityFile)
        self.ports = try FreePorts.ofThisMachine()
        self.probe = probe
        self.settings = settings
        self.logger = logger
        self.blobs = blobs
        self.secrets = secrets
        self.unpack = unpack
        self.requestsUnderWay = requestsUnderWay
        (self.changes, self.changed) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(256))
    }

    func folder(_ key: CapacityKey) -> CapacityFolder { CapacityFolder(key: key, lanes: self.lanes) }

    /// Reads what is on disk, once. A damaged record is left out here and named when its capacity is asked for.
    func load() throws {
        guard !self.isLoaded else { return }
        for key in try self.lanes.keys() {
            do { _ = try self.capacity(key) } catch { self.logger.error("\(error)", metadata: ["lane": "\(key.lane)"]) }
        }
        self.isLoaded = true
    }

    /// nil if there never was such a capacity here. Throws if its record is damaged.
    func capacity(_ key: CapacityKey) throws -> Capacity? {
        if let known = self.capacities[key] { return known }
        guard let (record, order) = try self.folder(key).load() else { return nil }
        let capacity = Capacity(order: order, record: record)
        self.capacities[key] = capacity
        return capacity
    }

    /// Changes a record, on disk first.
    func update(_ key: CapacityKey, _ change: (inout CapacityRecord) -> Void) throws {
        guard var capacity = self.capacities[key] else { return }
        change(&capacity.record)
        guard capacity.record != self.capacities[key]?.record else { return }
        try self.folder(key).save(capacity.record)
        self.capacities[key]?.record = capacity.record
    }

    /// Whether it is up by its own word and by the process table.
    func isReady(_ instance: CapacityRecord.Instance, of key: CapacityKey) throws -> Bool {
        guard let process = instance.process, try self.table.isRunning(process) else { return false }
        return self.capacities[key]?.live[instance.number]?.isReady ?? false
    }

    func readyCount(_ key: CapacityKey) throws -> Int {
        try self.capacities[key]?.record.instances.count { try self.isReady($0, of: key) } ?? 0
    }
}
