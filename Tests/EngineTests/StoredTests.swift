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
        try Self.check(Directory.Event.self, Stored.directory)
        try Self.check(Release.Event.self, Stored.release)
        try Self.check(Service.Event.self, Stored.service)
        try Self.check(Lane.Event.self, Self.lane)
    }

    @Test func `a kind that has grown is read at both versions, and written at the newer`() throws {
        try Self.check(Service.Event.self, Stored.serviceNow, version: 2)
        try Self.check(Lane.Event.self, Stored.laneNow, version: 2)
        try Self.check(Lane.Event.self, Stored.laneNewest, version: 3)
        try Self.check(Lane.Event.self, Stored.laneLatest, version: 4)
        try Self.check(Service.Event.self, Stored.serviceNewest, version: 3)
        try Self.check(Release.Event.self, Stored.releaseNow, version: 2)
        try Self.check(Access.Event.self, Stored.accessNow, version: 2)
        try Self.check(Access.Event.self, Stored.accessNewest, version: 3)
        for (name, body) in Stored.serviceNow.merging(Stored.laneNow, uniquingKeysWith: { first, _ in first }) {
            for version in [0, Self.newest(name) + 1] {
                let kind = EventKind(name, version: version)
                let read = Self.envelope(kind, body)
                #expect(throws: LedgerError.self, "\(kind)") {
                    if name.hasPrefix("lane.") {
                        _ = try EventJSON.event(Lane.Event.self, of: read)
                    } else {
                        _ = try EventJSON.event(Service.Event.self, of: read)
                    }
                }
            }
        }
    }

    /// What version 1 does not say is nothing, and the plan of such an admission is not judged.
    @Test func `what was admitted before there was a judge goes on without one`() throws {
        let body = try #require(Stored.laneQueue["lane.admitted"])
        let event = try EventJSON.event(Lane.Event.self, of: Self.envelope(EventKind("lane.admitted"), body))
        guard case .admitted(let admitted) = event else { return #expect(Bool(false), "\(event)") }
        #expect(admitted.plan.judging == nil)
        #expect(admitted.plan.firstReplicas == nil)
        #expect(admitted.plan.steps.count == 7)
    }

    private static func newest(_ name: String) -> Int {
        if Stored.laneLatest[name] != nil { return 4 }
        if Stored.laneNewest[name] != nil || Stored.serviceNewest[name] != nil { return 3 }
        let isSecond = [Stored.serviceNow, Stored.laneNow, Stored.releaseNow].contains { $0[name] != nil }
        return isSecond ? 2 : 1
    }

    private static func envelope(_ kind: EventKind, _ body: String) -> Envelope {
        Envelope(
            NewEvent(kind: kind, body: Array(body.utf8)), of: .access, after: nil, position: 1,
            at: Instant(milliseconds: 0), actor: .system, cause: nil)
    }

    private static func check<E: LedgerEvent>(_ type: E.Type, _ bodies: [String: String], version: Int = 1) throws {
        for (name, body) in bodies {
            let kind = EventKind(name, version: version)
            let event = try EventJSON.event(type, of: Self.envelope(kind, body))
            #expect(event.kind == EventKind(name, version: max(version, Self.newest(name))))
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
            for match in text.matches(of: /"((?:access|change|directory|lane|release|service)\.[a-zA-Z]+)"/) {
                kinds.insert(String(match.1))
            }
        }
        let known = [Stored.access, Stored.change, Stored.directory, Stored.release, Stored.service, Self.lane].flatMap(
            \.keys)
        #expect(kinds.count > 40)
        #expect(kinds.symmetricDifference(known) == [])
    }
}
