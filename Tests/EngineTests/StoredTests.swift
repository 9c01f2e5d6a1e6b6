import Core
import Engine
import Foundation
import Ports
import Testing

@Suite struct StoredTests {
    private static let lane = Stored.laneQueue.merging(Stored.laneDeployment) { first, _ in first }
        .merging(Stored.laneGuards) { first, _ in first }

    @Test func `every stored body is read, and written again as the same bytes`() throws {
        try Self.check(Access.Event.self, Stored.access)
        try Self.check(ChangeRequest.Event.self, Stored.change)
        try Self.check(Release.Event.self, Stored.release)
        try Self.check(Service.Event.self, Stored.service)
        try Self.check(Lane.Event.self, Self.lane)
    }

    private static func check<E: LedgerEvent>(_ type: E.Type, _ bodies: [String: String]) throws {
        for (name, body) in bodies {
            let kind = EventKind(name)
            let envelope = Envelope(
                NewEvent(kind: kind, body: Array(body.utf8)), of: .access, after: nil, position: 1,
                at: Instant(milliseconds: 0), actor: .system, cause: nil)
            let event = try EventJSON.event(type, of: envelope)
            #expect(event.kind == kind)
            let again = String(decoding: try EventJSON.newEvent(event).body, as: UTF8.self)
            #expect(again == body, "\(name)")
        }
    }

    @Test func `every kind of event in the core has a stored body here`() throws {
        let core = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../Sources/Core").standardizedFileURL
        let files = try #require(FileManager.default.enumerator(at: core, includingPropertiesForKeys: nil))
        var kinds: Set<String> = []
        for case let file as URL in files where file.pathExtension == "swift" {
            let text = try String(contentsOf: file, encoding: .utf8)
            for match in text.matches(of: /"((?:access|change|lane|release|service)\.[a-zA-Z]+)"/) {
                kinds.insert(String(match.1))
            }
        }
        let known = [Stored.access, Stored.change, Stored.release, Stored.service, Self.lane].flatMap(\.keys)
        #expect(kinds.count > 40)
        #expect(kinds.symmetricDifference(known) == [])
    }
}
