import Core
import FoundationEssentials
import Glibc
package import Ports

/// What builds, commands and pushes that were cut off left behind, and what ended ones need no more: folders to work in, logs, locks,
/// outcomes. A build or a command under way holds its lock and keeps everything; one that begins at the same moment waits for an instant.
package struct WorkFolders: Sendable {
    private let builds: String
    private let commands: String
    private let mirrors: String

    package init(builds: String, commands: String, mirrors: String) {
        self.builds = builds
        self.commands = commands
        self.mirrors = mirrors
    }

    package func clear(_ order: WorkOrder) async throws -> Cleared {
        var cleared = Cleared()
        let building = Set(order.building.map(\.text))
        for name in try self.jobs(in: self.builds) where !building.contains(name) && ReleaseID(name) != nil {
            try await self.clear(name, in: self.builds, order, &cleared)
        }
        for name in try self.jobs(in: self.commands) where self.isCommand(name) {
            if let key = self.key(of: name), order.commands.contains(where: { key.hasPrefix($0) }) { continue }
            try await self.clear(name, in: self.commands, order, &cleared)
        }
        for (folder, prefix) in [(self.builds, "tmp-"), (self.mirrors, "push-")] {
            for name in try self.names(in: folder) where name.hasPrefix(prefix) {
                let path = "\(folder)/\(name)"
                guard let size = self.size(of: path, before: order.before) else { continue }
                if !order.isDryRun { try await FileTree.remove(path) }
                cleared.add(size)
            }
        }
        // Of a clearing that was cut off.
        for folder in [self.builds, self.commands] {
            for name in try self.names(in: folder) where name.hasPrefix(Self.gone) {
                let path = "\(folder)/\(name)"
                guard let size = self.size(of: path, before: Instant(milliseconds: .max)) else { continue }
                if !order.isDryRun { try await FileTree.remove(path) }
                cleared.add(size)
            }
        }
        return cleared
    }

    private static let gone = "gone-"
    private static let ends = ["", ".log", ".json", ".lock"]

    /// Everything that stands under one job's name, if nobody works there and all of it is old enough.
    private func clear(
        _ name: String, in folder: String, _ order: WorkOrder, _ cleared: inout Cleared
    ) async throws {
        let paths = Self.ends.map { "\(folder)/\(name)\($0)" }.filter { FileTree.exists($0) }
        let sizes = paths.compactMap { self.size(of: $0, before: order.before) }
        guard sizes.count == paths.count, !paths.isEmpty else { return }
        if !order.isDryRun {
            let job = JobFolder(path: "\(folder)/\(name)")
            let aside = "\(folder)/\(Self.gone)\(UInt64.random(in: 0...UInt64.max))"
            guard try self.move(job, aside, paths) else { return }
            await job.processes.kill()
            try await FileTree.remove(aside)
        }
        cleared.add(sizes.reduce(0, +))
    }

    /// Under the lock, and at once: whoever begins meanwhile begins anew right after it. false: somebody works there.
    private func move(_ job: JobFolder, _ aside: String, _ paths: [String]) throws -> Bool {
        guard let lock = try JobLock.take(job.path + ".lock") else { return false }
        if FileTree.exists(job.path), rename(job.path, aside) != 0 { throw FileError(errno, "move", job.path) }
        for path in paths where path != job.path && path != job.path + ".lock" { unlink(path) }
        // Last, and while it is held: who waits for it sees that the name is another file's (`JobLock.take`).
        unlink(job.path + ".lock")
        _ = consume lock
        return true
    }

    /// Names of jobs that have anything here.
    private func jobs(in folder: String) throws -> [String] {
        Set(try self.names(in: folder).map { String($0.prefix { $0 != "." }) }).sorted()
    }

    private func names(in folder: String) throws -> [String] {
        try FileTree.names(in: Array(folder.utf8CString)).compactMap { name in
            String(validating: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
    }

    private func isCommand(_ name: String) -> Bool { name.utf8.count == 32 && name.allSatisfy(\.isHexDigit) }

    /// The key of a command that ended; nil: it has not, so that nobody relies on its outcome.
    private func key(of name: String) -> String? {
        struct Keyed: Decodable { let key: String }
        guard let bytes = try? FileTree.content(of: "\(self.commands)/\(name).json", limit: 1 << 20) else { return nil }
        return try? JSONDecoder().decode(Keyed.self, from: Data(bytes)).key
    }

    /// Bytes that it takes up; nil: it is not there, or was changed since.
    private func size(of path: String, before: Instant) -> Int64? {
        var information = stat()
        guard lstat(path, &information) == 0,
            Int64(information.st_mtim.tv_sec) * 1_000 + Int64(information.st_mtim.tv_nsec) / 1_000_000
                < before.milliseconds
        else { return nil }
        let inside = information.st_mode & S_IFMT == S_IFDIR ? (try? FileTree.size(of: path).bytes) ?? 0 : 0
        return Int64(information.st_blocks) * 512 + inside
    }
}
