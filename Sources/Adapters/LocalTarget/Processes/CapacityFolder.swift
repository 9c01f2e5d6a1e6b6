import Core
import FoundationEssentials
import Glibc
package import Ports

/// What is written down about the instances of one capacity, so that the next run of the server finds them again.
struct CapacityRecord: Sendable, Equatable, Codable {
    static let format = 1

    var format = Self.format
    var key: CapacityKey
    var phase: Phase
    /// How often an instance had to be started again since the capacity was put up.
    var restarts = 0
    /// Which instance had to be, and how it had ended; nil: none yet, or by an older Slipway.
    var lastDeath: String?
    var instances: [Instance] = []

    struct FormatAlone: Decodable { var format: Int }

    enum Phase: String, Sendable, Codable, CaseIterable {
        /// Ordered and not yet ready as a whole. Not supervised.
        case starting
        /// Was ready once as a whole: an instance that dies is started again.
        case up
        /// Being drained or ended. Not supervised.
        case stopping
        /// Nothing of it runs. Its logs stay for a while.
        case stopped
    }

    struct Instance: Sendable, Equatable, Codable {
        /// 1, 2, … in the capacity.
        var number: Int
        /// Kept over restarts, so that the router needs no change.
        var port: Int
        /// nil: not started yet.
        var process: DetachedProcess?

        var address: ListenAddress? { ListenAddress("127.0.0.1:\(self.port)") }
    }
}

/// Where the files of one capacity stand: `lanes/SERVICE/ENVIRONMENT/NUMBER/` under the data folder.
package struct CapacityFolder: Sendable, Equatable {
    package let key: CapacityKey
    package let path: String

    package init(key: CapacityKey, lanes: LaneFolders) {
        self.key = key
        self.path = "\(lanes.path(key.lane))/\(key.number)"
    }

    /// The unpacked artifact, working directory of all instances.
    var content: String { "\(self.path)/content" }
    func log(_ number: Int) -> InstanceLog { InstanceLog(path: "\(self.path)/instance-\(number).log") }
    /// HOME and TMPDIR of one instance.
    func own(_ number: Int) -> String { "\(self.path)/instance-\(number)" }
    /// The entry of the environment that only the processes of this instance carry.
    func mark(_ number: Int) -> String { "\(InstanceLaunch.markName)=\(self.own(number))" }

    private var record: DurableFile { DurableFile(path: "\(self.path)/instances.json") }
    private var order: DurableFile { DurableFile(path: "\(self.path)/order.json") }

    func save(_ record: CapacityRecord) throws { try self.record.write(JSONText.bytes(record)) }
    func save(_ order: CapacityOrder) throws { try self.order.write(JSONText.bytes(order)) }

    /// nil if this capacity was never put up here. Throws `TargetError` with the file's name if one is damaged or of a
    /// newer Slipway.
    func load() throws -> (record: CapacityRecord, order: CapacityOrder)? {
        guard let bytes = try self.record.read(limit: JSONText.limit) else { return nil }
        // The number decides before the shape does: a newer one has fields that we don't know.
        let format = try JSONText.value(CapacityRecord.FormatAlone.self, from: bytes, path: self.record.path).format
        guard format == CapacityRecord.format else {
            throw TargetError(
                .failed,
                "\(self.record.path) has format \(format), this Slipway reads \(CapacityRecord.format). "
                    + "Use the Slipway that wrote it.", retryable: false)
        }
        let record = try JSONText.value(CapacityRecord.self, from: bytes, path: self.record.path)
        guard let orderBytes = try self.order.read(limit: JSONText.limit) else {
            throw JSONText.damaged(self.order.path, "it is missing")
        }
        let order = try JSONText.value(CapacityOrder.self, from: orderBytes, path: self.order.path)
        guard record.key == self.key, order.key == self.key else {
            throw JSONText.damaged(self.record.path, "it speaks of \(record.key) and \(order.key)")
        }
        return (record, order)
    }

    func makeFolders(instances: [Int]) throws {
        for folder in [self.path] + instances.flatMap({ ["\(self.own($0))/home", "\(self.own($0))/tmp"] }) {
            try FolderTree.make(folder)
        }
    }

    /// What only a running capacity needs. The logs and the record stay.
    func removable(instances: Int) throws -> [String] {
        try [self.content] + self.partial() + (1...max(1, instances)).map(self.own)
    }

    /// Folders of an unpacking that was cut off.
    func partial() throws -> [String] {
        try FolderTree.names(in: self.path).filter { $0.hasPrefix("content.") }.map { "\(self.path)/\($0)" }
    }
}

/// The lanes under a data folder, and the highest term that each has seen.
package struct LaneFolders: Sendable, Equatable {
    /// Absolute path, links resolved.
    package let data: String

    package init(data: String) { self.data = data }

    func path(_ lane: LaneID) -> String { "\(self.data)/lanes/\(lane.service)/\(lane.environment)" }

    /// Keys of all capacities that have a folder. Names that are no service, environment or number are not ours and are
    /// passed over.
    func keys() throws -> [CapacityKey] {
        let root = "\(self.data)/lanes"
        return try FolderTree.names(in: root).compactMap { ServiceName($0) }.flatMap { service in
            try FolderTree.names(in: "\(root)/\(service)").compactMap { EnvironmentName($0) }.flatMap { environment in
                try self.keys(LaneID(service: service, environment: environment))
            }
        }
    }

    func keys(_ lane: LaneID) throws -> [CapacityKey] {
        try FolderTree.names(in: self.path(lane)).compactMap { Int($0) }.sorted()
            .map { CapacityKey(lane: lane, number: $0) }
    }

    /// Remembers the term and refuses one that is older than what the lane has seen. Read from disk each time: the
    /// newer owner of the ledger may be another process.
    func fence(_ lane: LaneID, _ term: Term) throws {
        let file = DurableFile(path: "\(self.path(lane))/term.json")
        let bytes = try file.read(limit: JSONText.limit)
        let seen = try bytes.map { try JSONText.value(Term.self, from: $0, path: file.path) }
        if let seen, term < seen {
            throw TargetError(
                .staleTerm,
                "\(lane) obeys term \(seen.number), this order has term \(term.number): another server has taken over.",
                retryable: false)
        }
        guard seen != term else { return }
        try FolderTree.make(self.path(lane))
        try file.write(JSONText.bytes(term))
    }
}

/// Folders: made for our user alone, removed whole.
enum FolderTree {
    static func make(_ path: String) throws {
        do {
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw TargetError(.failed, "The folder \(path) can't be made: \(error).", retryable: true)
        }
    }

    static func rename(_ path: String, to target: String) throws {
        do { try FileManager.default.moveItem(atPath: path, toPath: target) } catch {
            throw TargetError(.failed, "\(path) can't be renamed to \(target): \(error).", retryable: true)
        }
    }

    /// Flushes every file and folder under a path to disk. Links are not followed.
    static func flush(_ path: String) throws {
        do {
            for name in try FileManager.default.subpathsOfDirectory(atPath: path) + ["."] {
                let descriptor = open("\(path)/\(name)", O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
                // A link, or a file that may not be read: there is nothing of ours to flush.
                guard descriptor >= 0 else { continue }
                defer { close(descriptor) }
                guard fsync(descriptor) == 0 || errno == EINVAL else { throw FileError(errno, "flush", name) }
            }
        } catch {
            throw TargetError(.failed, "\(path) can't be flushed to disk: \(error).", retryable: true)
        }
    }

    /// Empty if there is no such folder.
    static func names(in path: String) throws -> [String] {
        guard FileTree.exists(path) else { return [] }
        do { return try FileManager.default.contentsOfDirectory(atPath: path) } catch {
            throw TargetError(.failed, "The folder \(path) can't be read: \(error).", retryable: true)
        }
    }
}

/// The form of our records: sorted keys, indented, at most 4 MiB.
enum JSONText {
    static let limit = 4 << 20

    static func bytes(_ value: some Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        return Array(try encoder.encode(value)) + [UInt8(ascii: "\n")]
    }

    static func value<Value: Decodable>(_: Value.Type, from bytes: [UInt8], path: String) throws -> Value {
        do { return try JSONDecoder().decode(Value.self, from: Data(bytes)) } catch {
            throw Self.damaged(path, "\(error)")
        }
    }

    static func damaged(_ path: String, _ why: String) -> TargetError {
        TargetError(
            .failed,
            "\(path) is damaged (\(why.prefix(300))). It was left as it is. Stop the processes that it names, if any, "
                + "and move it away; the next order starts them anew.", retryable: false)
    }
}
