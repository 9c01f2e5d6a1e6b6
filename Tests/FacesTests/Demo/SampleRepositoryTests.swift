import Demo
import Foundation
import Testing

@Suite struct SampleRepositoryTests {
    /// The clone that these tests were built in.
    private static let clone = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    private func withFolder(_ body: (URL) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("sample-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try await body(folder)
    }

    @Test func `its history is the same at every place, and its file names the free ports`() async throws {
        try await self.withFolder { folder in
            let source = try SampleRepository.source(
                above: Self.clone.appendingPathComponent(".build/debug/slipway").path)
            var heads: [String] = []
            for name in ["one", "two"] {
                let path = folder.appendingPathComponent(name).path
                let repository = SampleRepository(source: source, folder: path, ports: [7_101, 7_102, 7_103])
                try await repository.begin()
                #expect(try repository.serviceFile().contains("strategy: bigBang"))
                for number in 1...3 { try await repository.commit(number) }
                let file = try repository.serviceFile()
                #expect(file.contains("blueGreen"))
                #expect(file.contains("127.0.0.1:7103\n"))
                #expect(!file.contains("127.0.0.1:700"))
                let next = SampleRepository(source: source, folder: path, ports: [7_003, 7_001, 7_002])
                let listens = try next.serviceFile().matches(of: /listen: 127\.0\.0\.1:(\d+)\n/).map { String($0.1) }
                #expect(listens == ["7003", "7001", "7002"], "ports that the sample gives to others")
                heads.append(try String(contentsOfFile: path + "/.git/refs/heads/main", encoding: .utf8))
            }
            #expect(heads[0] == heads[1])
        }
    }

    /// As where something of this machine has 7001 already.
    @Test func `free ports that the file names for another environment are each given once`() async throws {
        try await self.withFolder { folder in
            let source = try SampleRepository.source(
                above: Self.clone.appendingPathComponent(".build/debug/slipway").path)
            let repository = SampleRepository(
                source: source, folder: folder.appendingPathComponent("shop").path, ports: [7_002, 7_003, 7_004])
            try await repository.begin()
            let addresses = try repository.serviceFile().matches(of: /listen: 127\.0\.0\.1:([0-9]+)\n/).map { $0.1 }
            #expect(addresses == ["7002", "7003", "7004"])
        }
    }

    @Test func `it is found in an archive, and its absence is a sentence`() async throws {
        try await self.withFolder { folder in
            let share = folder.appendingPathComponent("share/slipway/storefront")
            try FileManager.default.createDirectory(at: share, withIntermediateDirectories: true)
            let executable = folder.appendingPathComponent("bin/slipway").path
            #expect(throws: DemoFailure.self) { try SampleRepository.source(above: executable) }
            try Data().write(to: share.appendingPathComponent("storefront.c"))
            #expect(try SampleRepository.source(above: executable) == share.path)
        }
    }
}
