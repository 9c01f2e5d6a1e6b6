import Demo
import Foundation
import Synchronization
import Testing

/// The demo where it can't go as it should.
@Suite struct DemoRunTests {
    private final class Told: Sendable {
        let reports = Mutex<[DemoReport]>([])
        let lines = Mutex<[String]>([])
    }

    private func run(executable: String, dataFolder: String? = nil) async -> (isOK: Bool, told: Told) {
        let told = Told()
        let demo = DemoRun(
            exits: true, dataFolder: dataFolder, executable: executable,
            say: { line in told.lines.withLock { $0.append(line.text) } },
            finish: { report in told.reports.withLock { $0.append(report) } })
        return (await demo.run(), told)
    }

    private func withFolder(_ body: (URL) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("demo-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try await body(folder)
    }

    /// An archive whose `slipway` is a script.
    private func archive(in folder: URL, _ script: String) throws -> String {
        let files = FileManager.default
        let share = folder.appendingPathComponent("share/slipway/storefront")
        try files.createDirectory(at: share, withIntermediateDirectories: true)
        try Data().write(to: share.appendingPathComponent("storefront.c"))
        let executable = folder.appendingPathComponent("bin/slipway")
        try files.createDirectory(at: executable.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data("#!/bin/sh\n\(script)\n".utf8).write(to: executable)
        try files.setAttributes([.posixPermissions: 0o755], ofItemAtPath: executable.path)
        return executable.path
    }

    @Test func `a server that ends at once is told with its last words, and the folder is removed`() async throws {
        try await self.withFolder { folder in
            let data = folder.appendingPathComponent("data").path
            let executable = try self.archive(in: folder, "[ $1 = serve ] && echo no such lock >&2 && exit 3; exit 0")
            let (isOK, told) = await self.run(executable: executable, dataFolder: data)
            #expect(!isOK)
            let reports = told.reports.withLock { $0 }
            #expect(reports.count == 1)
            #expect(reports.first?.ok == false)
            #expect(reports.first?.reason?.contains("no such lock") == true)
            #expect(!FileManager.default.fileExists(atPath: data))
        }
    }

    @Test func `what could not be stopped is named, and kept`() async throws {
        try await self.withFolder { folder in
            let data = folder.appendingPathComponent("data").path
            let executable = try self.archive(in: folder, "exit 1")
            let (isOK, told) = await self.run(executable: executable, dataFolder: data)
            #expect(!isOK)
            #expect(told.lines.withLock { $0 }.contains { $0.contains("slipway down --yes --data \(data)") })
            #expect(FileManager.default.fileExists(atPath: data))
        }
    }

    @Test func `a data folder with something in it is refused and left alone`() async throws {
        try await self.withFolder { folder in
            let executable = try self.archive(in: folder, "exit 0")
            let mine = folder.appendingPathComponent("bin").path
            let (isOK, told) = await self.run(executable: executable, dataFolder: mine)
            #expect(!isOK)
            #expect(told.reports.withLock { $0 }.first?.reason?.contains("is not empty") == true)
            #expect(FileManager.default.fileExists(atPath: executable))
        }
    }
}
