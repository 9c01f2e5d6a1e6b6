import Core
import Foundation
import Glibc
import Ports

/// What the router keeps of one lane beside the files that people read: who may still change it, and what was last
/// confirmed.
struct HAProxyRecord: Sendable, Equatable, Codable {
    static let newest = 1
    /// The version of this shape of record.
    var format = Self.newest
    /// The newest term and generation that were let in; older ones are refused even if the newer did not get through.
    var term: Term
    var generation: Int
    /// Confirmed by HAProxy, or what it was last started with; nil before the first start.
    var state: HAProxyState?
    /// nil: none since the router was put up.
    var deaths: RouterDeaths?
}

/// Where the process of one lane is to be found. Written before a start with the socket alone, so that a process whose
/// start we did not survive is found by the mark in its environment.
struct HAProxyHandle: Sendable, Equatable, Codable {
    /// The process that this one takes the place of, until it does.
    struct Older: Sendable, Equatable, Codable {
        var socket: String
        var process: DetachedProcess
    }

    var socket: String
    var process: DetachedProcess?
    var older: Older?
    /// How it ended, if it was our child.
    var ending: String?

    /// The entry in the environment of a process that was started for this handle.
    var mark: String { "\(HAProxyConfiguration.socketVariable)=\(self.socket)" }

    /// What the log lines of this process carry: the random part of its socket's path.
    var token: String {
        String(self.socket.split(separator: "/").last?.prefix { $0 != "." } ?? "")
    }
}

/// The files of one lane's router.
struct HAProxyFiles: Sendable {
    /// `data/lanes/SERVICE/ENVIRONMENT/router`.
    let folder: String
    /// For sockets, where the folder's path is too long for one.
    let socketFolder: String

    init(data: String, lane: LaneID, socketFolder: String) {
        self.folder = "\(data)/lanes/\(lane.service)/\(lane.environment)/router"
        self.socketFolder = socketFolder
    }

    var configuration: String { "\(self.folder)/haproxy.cfg" }
    var log: String { "\(self.folder)/haproxy.log" }
    private var recordPath: String { "\(self.folder)/state.json" }
    private var handlePath: String { "\(self.folder)/process.json" }
    private var timesPath: String { "\(self.folder)/times.json" }

    /// All lanes that have a router under `data`. Folders that are no lane's are left alone.
    static func lanes(data: String) -> [LaneID] {
        let files = FileManager.default
        let services = (try? files.contentsOfDirectory(atPath: "\(data)/lanes")) ?? []
        return services.compactMap { ServiceName($0) }.flatMap { service in
            ((try? files.contentsOfDirectory(atPath: "\(data)/lanes/\(service)")) ?? [])
                .compactMap { EnvironmentName($0) }
                .filter { files.fileExists(atPath: "\(data)/lanes/\(service)/\($0)/router/state.json") }
                .map { LaneID(service: service, environment: $0) }
        }.sorted()
    }

    func record() throws -> HAProxyRecord? {
        struct Format: Decodable { var format: Int }
        guard let bytes = try self.read(self.recordPath) else { return nil }
        let decoder = JSONDecoder()
        do {
            let format = try decoder.decode(Format.self, from: bytes).format
            guard format <= HAProxyRecord.newest else {
                throw TargetError(
                    .failed, "\(self.recordPath) was written by a newer Slipway (format \(format)); use that one.",
                    retryable: false)
            }
            return try decoder.decode(HAProxyRecord.self, from: bytes)
        } catch let error as DecodingError {
            throw TargetError(
                .failed,
                "\(self.recordPath) is damaged and was left as it is: \("\(error)".asSentence) Move it away to begin anew.",
                retryable: false)
        }
    }

    func write(_ record: HAProxyRecord) throws { try self.write(self.encode(record), to: self.recordPath) }

    /// nil if there is none, or none that can be read: then the process is not to be found and a new one is started.
    func handle() throws -> HAProxyHandle? {
        try self.read(self.handlePath).flatMap { try? JSONDecoder().decode(HAProxyHandle.self, from: $0) }
    }

    func write(_ handle: HAProxyHandle) throws { try self.write(self.encode(handle), to: self.handlePath) }

    /// Of no worth once it can't be read, or is of another process: then the lines are counted from now on.
    func tally(_ token: String) -> HAProxyTally {
        let kept = try? self.read(self.timesPath).map { try JSONDecoder().decode(HAProxyKeptTimes.self, from: $0) }
        guard let kept, kept.token == token else { return HAProxyTally(token: token) }
        return HAProxyTally(token: token, earlier: kept.slots)
    }

    /// Survives the end of the control plane, and needs no more: another boot means another HAProxy.
    func write(_ times: HAProxyKeptTimes) throws {
        try Data(self.encode(times)).write(to: URL(fileURLWithPath: self.timesPath), options: .atomic)
    }

    func write(configuration: String) throws { try self.write(Array(configuration.utf8), to: self.configuration) }

    func makeFolder() throws {
        try FileManager.default.createDirectory(
            atPath: self.folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    }

    /// A path for a socket that nobody has, short enough for HAProxy.
    func newSocket() throws -> String {
        let name = String(UInt64.random(in: 0..<1 << 40), radix: 36) + ".sock"
        let near = "\(self.folder)/\(name)"
        if near.utf8.count <= HAProxySocket.longestPath { return near }
        let far = "\(self.socketFolder)/\(name)"
        guard far.utf8.count <= HAProxySocket.longestPath else {
            throw TargetError.invalid(
                "\(far) is too long for HAProxy's socket", "\(HAProxySocket.longestPath) bytes; set a shorter TMPDIR")
        }
        try self.makePrivate(self.socketFolder)
        return far
    }

    /// Keeps the log from filling the disk: HAProxy writes a line for each server that a switch readies. Emptied in
    /// place, which is safe as it is written by appending.
    func boundLog() {
        guard self.logSize > 1 << 20 else { return }
        unlink(self.log + ".1")
        try? FileManager.default.copyItem(atPath: self.log, toPath: self.log + ".1")
        truncate(self.log, 0)
    }

    /// The last bytes of the log, for the reason of a start that failed.
    func logTail(from offset: Int) -> String {
        guard let handle = FileHandle(forReadingAtPath: self.log) else { return "" }
        defer { try? handle.close() }
        try? handle.seek(toOffset: UInt64(offset))
        let bytes = (try? handle.read(upToCount: 16_384)) ?? nil
        return String(decoding: bytes ?? Data(), as: UTF8.self)
    }

    var logSize: Int {
        var status = stat()
        return stat(self.log, &status) == 0 ? Int(status.st_size) : 0
    }

    /// Leaves the record alone: an older term or generation stays refused.
    func removeProcessFiles() throws {
        if let handle = try self.handle() {
            unlink(handle.socket)
            if let older = handle.older { unlink(older.socket) }
        }
        for path in [self.configuration, self.log, self.log + ".1", self.handlePath, self.timesPath] { unlink(path) }
    }

    /// A folder in a place that others can write to must be ours alone, or another user could answer in HAProxy's
    /// place.
    private func makePrivate(_ path: String) throws {
        mkdir(path, 0o700)
        var status = stat()
        guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR, status.st_uid == getuid(),
            status.st_mode & 0o077 == 0
        else {
            throw TargetError(
                .failed, "\(path) must be a folder of this user with mode 700; remove it and try again.",
                retryable: false)
        }
    }

    private func encode(_ value: some Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        return [UInt8](try encoder.encode(value))
    }

    private func read(_ path: String) throws -> Data? {
        try DurableFile(path: path).read(limit: 4 << 20).map { Data($0) }
    }

    private func write(_ bytes: [UInt8], to path: String) throws { try DurableFile(path: path).write(bytes) }
}
