package import Core
package import Ports
import Testing

/// What every blob store has to do.
package struct BlobKit: Sendable {
    /// A store that takes blobs of at most this many bytes.
    package static let mostBytes = 3 << 20

    let store: any BlobStore
    /// Makes a file that `store(file:)` can read, and gives its path.
    let file: @Sendable ([UInt8]) throws -> String
    /// Changes the stored bytes of a blob behind the store's back.
    let damage: @Sendable (Digest) throws -> Void

    package init(
        _ store: any BlobStore, file: @escaping @Sendable ([UInt8]) throws -> String,
        damage: @escaping @Sendable (Digest) throws -> Void
    ) {
        self.store = store
        self.file = file
        self.damage = damage
    }

    package func addressesByContent() async throws {
        let blob = try await self.store.store(Array("abc".utf8))
        // FIPS 180-4, the example of one block.
        #expect(blob.digest.text == "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        #expect(blob.bytes == 3)
        #expect(try await self.store.store(file: self.file(Array("abc".utf8))) == blob)
        #expect(try await self.store.read(blob.digest, limit: 3) == Array("abc".utf8))
        #expect(try await self.store.path(blob.digest) != nil)
        let empty = try await self.store.store([])
        #expect(empty.bytes == 0)
        #expect(try await self.store.read(empty.digest, limit: 0) == [])
    }

    package func saysWhatIsNotThere() async throws {
        let digest = try #require(Digest("sha256:" + String(repeating: "0", count: 64)))
        #expect(try await self.store.read(digest, limit: 10) == nil)
        #expect(try await self.store.path(digest) == nil)
        let error = await refusal { try await self.store.store(file: "/nowhere/at all") }
        #expect(error?.code == .invalid)
        #expect(error?.message.contains("/nowhere/at all") == true)
    }

    package func boundsSizes() async throws {
        let large = [UInt8](repeating: 7, count: Self.mostBytes + 1)
        let path = try self.file(large)
        #expect(await refusal { try await self.store.store(large) }?.code == .invalid)
        #expect(await refusal { try await self.store.store(file: path) }?.code == .invalid)
        let most = Array(large.dropLast())
        let blob = try await self.store.store(most)
        #expect(try await self.store.read(blob.digest, limit: Self.mostBytes) == most)
        let error = await refusal { try await self.store.read(blob.digest, limit: Self.mostBytes - 1) }
        #expect(error?.code == .invalid)
        #expect(error?.message.contains("at most \(Self.mostBytes - 1)") == true)
    }

    package func refusesDamageAndHeals() async throws {
        let blob = try await self.store.store(Array("content".utf8))
        try self.damage(blob.digest)
        let errors = [
            await refusal { try await self.store.read(blob.digest, limit: 100) },
            await refusal { try await self.store.path(blob.digest) },
        ]
        for error in errors {
            #expect(error?.code == .damaged)
            #expect(error?.message.contains(blob.digest.hexadecimal) == true)
        }
        #expect(try await self.store.store(Array("content".utf8)) == blob)
        #expect(try await self.store.read(blob.digest, limit: 100) == Array("content".utf8))
    }

    package func removes() async throws {
        let blob = try await self.store.store(Array("of no use".utf8))
        let later = Instant(milliseconds: .max)
        #expect(try await self.store.remove(blob.digest, storedBefore: later) == 9)
        #expect(try await self.store.read(blob.digest, limit: 100) == nil)
        #expect(try await self.store.remove(blob.digest, storedBefore: later) == 0)
        #expect(try await self.store.store(Array("of no use".utf8)) == blob)
        #expect(try await self.store.path(blob.digest) != nil)
    }

    package func listsWhatIsThere() async throws {
        let later = Instant(milliseconds: .max)
        #expect(try await self.store.stored(before: later).isEmpty)
        let one = try await self.store.store(Array("one".utf8))
        let two = try await self.store.store(Array("three".utf8))
        #expect(Set(try await self.store.stored(before: later).map(\.digest)) == [one.digest, two.digest])
        #expect(try await self.store.stored(before: later).reduce(0) { $0 + $1.bytes } == 8)
        #expect(try await self.store.remove(one.digest, storedBefore: later) == 3)
        #expect(try await self.store.stored(before: later) == [two])
    }

    package func takesTheSameContentFromMany() async throws {
        let contents = (0..<4).map { [UInt8](repeating: UInt8($0), count: 300_000) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for writer in 0..<32 {
                group.addTask {
                    let bytes = contents[writer % 4]
                    let blob = try await self.store.store(bytes)
                    let read = try await self.store.read(blob.digest, limit: 300_000)
                    #expect(read == bytes)
                }
            }
            try await group.waitForAll()
        }
    }
}
