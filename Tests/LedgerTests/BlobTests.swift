import Core
import Foundation
import Glibc
import Kits
import Lab
import Ports
import SQLiteStore
import Synchronization
import Testing

@Suite struct `Every blob store` {
    enum Kind: String, CaseIterable, Sendable {
        case files, memory

        func withKit(_ body: (BlobKit) async throws -> Void) async throws {
            switch self {
            case .memory: try await body(Self.memoryKit())
            case .files: try await withFolder { try await body(Self.filesKit(in: $0)) }
            }
        }

        private static func memoryKit() -> BlobKit {
            let store = MemoryBlobs(mostBytes: BlobKit.mostBytes)
            return BlobKit(
                store,
                file: { bytes in
                    store.put(bytes, at: "/file")
                    return "/file"
                },
                damage: { #expect(store.damage($0)) })
        }

        private static func filesKit(in folder: String) throws -> BlobKit {
            let blobs = folder + "/blobs"
            return BlobKit(
                try FileBlobs(folder: blobs, mostBytes: Int64(BlobKit.mostBytes)),
                file: { bytes in
                    let path = folder + "/a file's \"name\" é"
                    try Data(bytes).write(to: URL(fileURLWithPath: path))
                    return path
                },
                damage: { digest in
                    let path = "\(blobs)/\(digest.hexadecimal.prefix(2))/\(digest.hexadecimal.dropFirst(2))"
                    try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: path)
                    let file = try FileHandle(forUpdating: URL(fileURLWithPath: path))
                    try file.write(contentsOf: Data("X".utf8))
                    try file.close()
                })
        }
    }

    @Test(arguments: Kind.allCases) func `addresses by content`(kind: Kind) async throws {
        try await kind.withKit { try await $0.addressesByContent() }
    }

    @Test(arguments: Kind.allCases) func `says what is not there`(kind: Kind) async throws {
        try await kind.withKit { try await $0.saysWhatIsNotThere() }
    }

    @Test(arguments: Kind.allCases) func `bounds sizes`(kind: Kind) async throws {
        try await kind.withKit { try await $0.boundsSizes() }
    }

    @Test(arguments: Kind.allCases) func `refuses damage and heals`(kind: Kind) async throws {
        try await kind.withKit { try await $0.refusesDamageAndHeals() }
    }

    @Test(arguments: Kind.allCases) func `removes`(kind: Kind) async throws {
        try await kind.withKit { try await $0.removes() }
    }

    @Test(arguments: Kind.allCases) func `lists what is there`(kind: Kind) async throws {
        try await kind.withKit { try await $0.listsWhatIsThere() }
    }

    @Test(arguments: Kind.allCases) func `takes the same content from many`(kind: Kind) async throws {
        try await kind.withKit { try await $0.takesTheSameContentFromMany() }
    }
}

@Suite struct `Blobs in files` {
    @Test func `are read-only, and remains of a killed process are removed`() async throws {
        try await withFolder { folder in
            try Data("half".utf8).write(to: URL(fileURLWithPath: folder + "/.new-abcdef"))
            let store = try FileBlobs(folder: folder)
            let blob = try await store.store(Array("x".utf8))
            let path = try #require(try await store.path(blob.digest))
            let rights = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
            #expect(rights == 0o444)
            #expect(
                try FileManager.default.contentsOfDirectory(atPath: folder) == [
                    String(blob.digest.hexadecimal.prefix(2))
                ])
        }
    }

    @Test func `keep what was stored just now`() async throws {
        try await withFolder { folder in
            let store = try FileBlobs(folder: folder)
            let blob = try await store.store(Array("x".utf8))
            let before = Instant(milliseconds: Int64(Date().timeIntervalSince1970 * 1_000) - 3_600_000)
            #expect(try await store.remove(blob.digest, storedBefore: before) == 0)
            #expect(try await store.path(blob.digest) != nil)
        }
    }

    @Test func `keep old content that is stored again while it is being removed`() async throws {
        try await withFolder { folder in
            let store = try FileBlobs(folder: folder)
            let bytes = Array("the same artifact".utf8)
            let blob = try await store.store(bytes)
            let path = try #require(try await store.path(blob.digest))
            let hourAgo = Instant(milliseconds: Int64(Date().timeIntervalSince1970 * 1_000) - 3_600_000)
            #expect(try await store.stored(before: hourAgo).isEmpty)
            var removed = 0
            for _ in 0..<300 {
                try FileManager.default.setAttributes(
                    [.modificationDate: Date(timeIntervalSinceNow: -7_200)], ofItemAtPath: path)
                #expect(try await store.stored(before: hourAgo) == [blob])
                // All the time that the store takes, so that every moment of it is met.
                let isStored = Mutex(false)
                async let again: Void = {
                    _ = try await store.store(bytes)
                    isStored.withLock { $0 = true }
                }()
                repeat {
                    removed += try await store.remove(blob.digest, storedBefore: hourAgo) > 0 ? 1 : 0
                } while !isStored.withLock { $0 }
                try await again
                #expect(try await store.read(blob.digest, limit: 100) == bytes, "what was stored is there")
            }
            print("figure: old content removed before it came again: \(removed) of 300")
        }
    }

    @Test func `refuse a folder, a pipe and a link in a blob's place`() async throws {
        try await withFolder { folder in
            let store = try FileBlobs(folder: folder + "/blobs")
            await #expect(throws: LedgerError.self) { try await store.store(file: folder) }
            let pipe = folder + "/pipe"
            #expect(mkfifo(pipe, 0o600) == 0)
            await #expect(throws: LedgerError.self) { try await store.store(file: pipe) }
            let blob = try await store.store(Array("x".utf8))
            let path = try #require(try await store.path(blob.digest))
            try FileManager.default.moveItem(atPath: path, toPath: folder + "/elsewhere")
            try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: folder + "/elsewhere")
            await #expect(throws: LedgerError.self) { try await store.read(blob.digest, limit: 10) }
        }
    }
}
