import ChangeCalendar
import Core
import Foundation
import Testing

/// Ours against python-dateutil on random calendars over changes of the clock in five zones. The gap rule and what is left out stand in
/// `Oracle/calendars.py`.
struct OracleTests {
    private struct Case: Decodable {
        struct Window: Decodable {
            let kind: String
            let start: String
            let end: String
            let zone: String
            let recurrence: String?
            let directions: [Direction]
        }

        let windows: [Window]
        let direction: Direction
        let at: [Int64]
    }

    private struct Expected: Decodable, Equatable {
        let open: [Bool]
        let nextOpen: [Int64?]
    }

    @Test func `random calendars are open when python-dateutil says so`() throws {
        let isNightly = ProcessInfo.processInfo.environment["SLIPWAY_NIGHTLY"] != nil
        let (count, seed) = (isNightly ? 10_000 : 1_500, 20_261_124)
        print("\(count) calendars, seed \(seed)")
        let folder = URL.temporaryDirectory.appending(path: "slipway-calendars-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let (cases, expected) = try Self.oracle(count, seed, folder)
        #expect(cases.count == count && expected.count == count)
        let zones = SystemZones()
        var openings = 0
        for (one, wanted) in zip(cases, expected) {
            let calendar = Openings(try one.windows.map { .init(0, try Self.window($0, zones)) })
            let found = Expected(
                open: one.at.map { calendar.verdict(on: one.direction, at: $0, zones).isOpen },
                nextOpen: one.at.map { calendar.nextOpen(on: one.direction, from: $0, zones) })
            #expect(found == wanted, "\(one)")
            openings += found.open.count { $0 }
        }
        // Neither all open nor all closed: the cases say something.
        #expect((count..<3 * count).contains(openings), "\(openings)")
    }

    private static func window(_ window: Case.Window, _ zones: SystemZones) throws -> ChangeWindow {
        try ChangeWindow(
            try #require(CalendarEntry.Kind(rawValue: window.kind)), from: try #require(LocalTime(window.start)),
            to: try #require(LocalTime(window.end)), zone: window.zone,
            recurrence: try window.recurrence.map { try RecurrenceRule($0) }, directions: Set(window.directions),
            zones: zones)
    }

    private static func oracle(_ count: Int, _ seed: Int, _ folder: URL) throws -> ([Case], [Expected]) {
        let (cases, expected) = (folder.appending(path: "cases"), folder.appending(path: "expected"))
        let script = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Oracle/calendars.py")
        let python = Process()
        python.executableURL = URL(filePath: "/usr/bin/python3")
        python.arguments = [script.path, "\(count)", "\(seed)", cases.path, expected.path]
        try python.run()
        python.waitUntilExit()
        try #require(
            python.terminationStatus == 0,
            "python3 with dateutil is needed: apt-get install --no-install-recommends python3-dateutil")
        let decoder = JSONDecoder()
        return (
            try decoder.decode([Case].self, from: Data(contentsOf: cases)),
            try decoder.decode([Expected].self, from: Data(contentsOf: expected))
        )
    }
}
