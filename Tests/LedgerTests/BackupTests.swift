import Core
import Foundation
import Ports
import SQLiteStore
import Testing

/// A ledger with events, some of which name blobs, and the blobs.
private struct Original {
    let folder: String
    let file: String
    let ledger: SQLiteLedger
    let blobs: FileBlobs
    let named: Blob

    static func with(_ body: (Original) async throws -> Void) async throws {
        try await withFolder { root in
            let folder = root + "/data"
            let ledger = try await SQLiteLedger.open(folder: folder, owner: "slipway serve", time: testTime)
            let blobs = try FileBlobs(folder: folder + "/blobs")
            let named = try await blobs.store([UInt8](repeating: 7, count: 70_000))
            let original = Original(
                folder: folder, file: root + "/backup.tar", ledger: ledger, blobs: blobs, named: named)
            try await original.append("{\"artifact\":\"\(named.digest)\"}")
            try await body(original)
            try? await ledger.close()
        }
    }

    func append(_ body: String) async throws {
        let number = try await self.ledger.number(of: .calendar)
        let event = NewEvent(kind: EventKind("test.happened"), body: Array(body.utf8))
        let batch = StreamBatch(stream: .calendar, expected: number, events: [event])
        _ = try await self.ledger.append(AppendRequest([batch], actor: .system, at: testTime()))
    }

    func backUp(to file: String? = nil) throws -> BackupReport {
        try SQLiteLedger.backUp(folder: self.folder, to: file ?? self.file, at: testTime())
    }

    func restore(to folder: String, agree: Bool = false) async throws -> RestoreReport {
        try await SQLiteLedger.restore(file: self.file, to: folder, at: testTime(), agree: { _ in agree })
    }

    /// Everything beside the backup, by name.
    func siblings() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: (self.folder as NSString).deletingLastPathComponent)
            .sorted()
    }
}

private func refused(_ body: () async throws -> some Sendable) async -> LedgerError? {
    do {
        _ = try await body()
        return nil
    } catch {
        return error as? LedgerError
    }
}

@Suite struct `A backup` {
    @Test func `what people sign in with is in it with the keys alone, and comes back; sessions and links never`()
        async throws
    {
        try await Original.with { original in
            let digits = String(repeating: "0a", count: 32)
            let kept = ["credentials/password-\(digits)", "credentials/identity-\(digits)", "credential.key"]
            let others = ["credentials/session-\(digits)", "credentials/link-\(digits)", "credentials/password-x"]
            try FileManager.default.createDirectory(
                atPath: original.folder + "/credentials", withIntermediateDirectories: true)
            for name in kept + others { try Data(name.utf8).write(to: URL(filePath: "\(original.folder)/\(name)")) }
            for withKey in [false, true] {
                let file = original.file + "\(withKey)"
                let report = try SQLiteLedger.backUp(
                    folder: original.folder, to: file, withKey: withKey, at: testTime())
                #expect(report.secrets == 0 && !report.hasKey)
                let copy = original.folder + "-\(withKey)"
                _ = try await SQLiteLedger.restore(file: file, to: copy, at: testTime(), agree: { _ in false })
                for name in kept {
                    #expect(
                        FileManager.default.contents(atPath: "\(copy)/\(name)") == (withKey ? Data(name.utf8) : nil))
                }
                for name in others { #expect(!FileManager.default.fileExists(atPath: "\(copy)/\(name)")) }
            }
        }
    }

    @Test func `of a ledger in use comes back whole, verified, with its blobs`() async throws {
        try await Original.with { original in
            let unnamed = try await original.blobs.store(Array("nobody names this".utf8))
            let report = try original.backUp()
            #expect(report.position == 2)
            #expect(report.blobs == 1)
            #expect(report.damaged.isEmpty)
            // What comes after it is not in it, and the owner goes on.
            try await original.append("{}")
            let place = original.folder + "-again"
            let restored = try await original.restore(to: place)
            #expect(restored.position == 2)
            #expect(restored.movedAside == nil)
            let ledger = try await SQLiteLedger.open(folder: place, owner: "test", time: testTime)
            #expect(try await ledger.verify().records == 4)
            let owners = try await ledger.events(of: .ledger, after: 1, limit: 10)
            #expect(String(decoding: owners[0].body, as: UTF8.self).contains("slipway restore of a backup"))
            try await ledger.close()
            let blobs = try FileBlobs(folder: place + "/blobs")
            #expect(try await blobs.read(original.named.digest, limit: 100_000)?.count == 70_000)
            #expect(try await blobs.read(unnamed.digest, limit: 100) == nil)
            #expect(try original.siblings() == ["backup.tar", "data", "data-again"])
        }
    }

    @Test func `says what is damaged and leaves it out`() async throws {
        try await Original.with { original in
            let path = try #require(try await original.blobs.path(original.named.digest))
            try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: path)
            try Data("X".utf8).write(to: URL(fileURLWithPath: path))
            let report = try original.backUp()
            #expect(report.damaged == [original.named.digest])
            #expect(try await original.restore(to: original.folder + "-again").blobs == 0)
        }
    }

    @Test func `never replaces a file`() async throws {
        try await Original.with { original in
            try Data("mine".utf8).write(to: URL(fileURLWithPath: original.file))
            let error = await refused { try original.backUp() }
            #expect(error?.code == .invalid)
            #expect(try String(contentsOfFile: original.file, encoding: .utf8) == "mine")
        }
    }

    @Test func `into a folder that is not there names the file, and not the ledger`() async throws {
        try await Original.with { original in
            let file = original.folder + "/nowhere/backup.tar"
            let error = await refused { try original.backUp(to: file) }
            #expect(error?.code == .invalid)
            #expect(error?.message.hasPrefix("\(file) can't be made: No such file or directory.") == true)
        }
    }

    @Test func `misses nothing that was answered for`() async throws {
        try await Original.with { original in
            try await original.ledger.close()
            let line = "00000000000000000009 00000000000000000009\n"
            try Data(line.utf8).write(to: URL(fileURLWithPath: original.folder + "/acknowledged"))
            let error = await refused { try original.backUp() }
            #expect(error?.code == .damaged)
            #expect(try original.siblings() == ["data"])
        }
    }
}

@Suite struct `A restore` {
    @Test func `into a folder in use names its owner and changes nothing`() async throws {
        try await Original.with { original in
            _ = try original.backUp()
            let error = await refused { try await original.restore(to: original.folder, agree: true) }
            #expect(error?.code == .inUse)
            #expect(error?.message.contains("slipway serve") == true)
            #expect(try original.siblings() == ["backup.tar", "data"])
            try await original.append("{}")
            #expect(try await original.ledger.verify().records == 3)
        }
    }

    @Test func `moves a record aside only when a person agrees`() async throws {
        try await Original.with { original in
            _ = try original.backUp()
            try await original.append("{}")
            try await original.ledger.close()
            let error = await refused { try await original.restore(to: original.folder) }
            #expect(error?.message.contains("has a record already") == true)
            #expect(try original.siblings() == ["backup.tar", "data"])
            let aside = try #require(
                try await original.restore(to: original.folder, agree: true).movedAside)
            for (folder, records) in [(original.folder, 3), (aside, 3)] {
                let ledger = try await SQLiteLedger.openForReading(folder: folder)
                #expect(try await ledger.verify().records == records)
                try await ledger.close()
            }
        }
    }

    @Test func `refuses other people's folders`() async throws {
        try await Original.with { original in
            _ = try original.backUp()
            let place = original.folder + "-home"
            try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
            try Data("mine".utf8).write(to: URL(fileURLWithPath: place + "/letter"))
            let error = await refused { try await original.restore(to: place, agree: true) }
            #expect(error?.code == .invalid)
            #expect(try FileManager.default.contentsOfDirectory(atPath: place) == ["letter"])
        }
    }

    @Test func `refuses a file that was cut or changed anywhere, and changes nothing`() async throws {
        try await Original.with { original in
            _ = try original.backUp()
            let whole = try Data(contentsOf: URL(fileURLWithPath: original.file))
            var broken = [0, 100, 512, 5_000, whole.count / 2, whole.count - 1_024, whole.count - 1]
                .map { whole.prefix($0) }
            // In a header, the ledger, a blob, and the manifest.
            for place in [3, 600, 3_000, whole.count - 20_000, whole.count - 1_500] {
                var changed = whole
                changed[place] ^= 1
                broken.append(changed)
            }
            broken.append(whole + Data([0]))
            for file in broken {
                try file.write(to: URL(fileURLWithPath: original.file))
                let error = await refused { try await original.restore(to: original.folder + "-again") }
                #expect(error?.code == .damaged, "\(file.count) bytes: \(error?.message ?? "was taken")")
                #expect(error?.message.contains("Nothing was changed") == true)
                #expect(try original.siblings() == ["backup.tar", "data"])
            }
        }
    }
}
