import ChangeCalendar
import Core

/// One case of `slipway freeze eval`: windows, and the times at which to say whether a direction is open.
struct FreezeCase {
    private let calendar: Openings<Int>
    private let direction: Direction
    private let times: [Int64]
    private let zones: SystemZones

    init(_ reader: CaseReader, _ zones: SystemZones) throws {
        let windows = try reader.objects("windows")
        guard windows.count <= Self.windowLimit else {
            throw reader.wrong("windows", "has at most \(Self.windowLimit) windows")
        }
        self.calendar = Openings(
            try windows.enumerated().map { .init($0, try $1.window(zones)) })
        self.direction = try reader.direction(.string(try reader.text("direction")), "direction")
        self.times = try reader.texts("at").map { text in
            guard let time = UTCText.seconds(text) else {
                throw reader.wrong("at", "holds times as 2026-03-27T12:00:00Z or with an offset", .string(text))
            }
            return time
        }
        guard self.times.count <= Self.timeLimit else {
            throw reader.wrong("at", "has at most \(Self.timeLimit) times")
        }
        self.zones = zones
    }

    private static let windowLimit = 1_000
    private static let timeLimit = 1_000

    var result: CaseResult {
        .object([
            "open": .array(
                self.times.map { .bool(self.calendar.verdict(on: self.direction, at: $0, self.zones).isOpen) }),
            "nextOpen": .array(
                self.times.map { time in
                    self.calendar.nextOpen(on: self.direction, from: time, self.zones).map { .string(UTCText.text($0)) }
                        ?? .null
                }),
        ])
    }
}

extension CaseReader {
    fileprivate func window(_ zones: SystemZones) throws -> ChangeWindow {
        let name = try self.text("kind")
        guard let kind = CalendarEntry.Kind(rawValue: name) else {
            throw self.wrong("kind", "is one of \(CalendarEntry.Kind.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        let directions = try self.list("directions").map { try self.direction($0, "directions") }
        do {
            let rule: RecurrenceRule? =
                switch self.fields["recurrence"] {
                case nil, .null?: nil
                case .string, .number, .bool, .array, .object: try RecurrenceRule(try self.text("recurrence"))
                }
            return try ChangeWindow(
                kind, from: try self.time("start"), to: try self.time("end"), zone: try self.text("zone"),
                recurrence: rule,
                directions: Set(directions), zones: zones)
        } catch let error as CalendarError {
            throw VerbError(.refused, "\(self.place), `\(self.prefix)`: \(error.message)")
        }
    }

    private func time(_ field: String) throws -> LocalTime {
        guard let time = LocalTime(try self.text(field)) else {
            throw self.wrong(field, "is a time of the zone's clock, as 2026-03-27T18:00:00")
        }
        return time
    }

    fileprivate func direction(_ value: CaseValue, _ field: String) throws -> Direction {
        guard case .string(let text) = value, let direction = Direction(rawValue: text) else {
            throw self.wrong(field, "is one of \(Direction.allCases.map(\.rawValue).joined(separator: ", "))", value)
        }
        return direction
    }
}

/// Times of RFC 3339 in whole seconds of UTC.
enum UTCText {
    /// `Z`, or an offset as `+02:00`; a fraction of a second is left out.
    static func seconds(_ text: String) -> Int64? {
        guard text.utf8.count >= 20, text.utf8.count <= 40, let local = LocalTime(String(text.prefix(19))) else {
            return nil
        }
        var rest = text.dropFirst(19)
        if rest.first == "." {
            let digits = rest.dropFirst().prefix { ("0"..."9").contains($0) }
            guard !digits.isEmpty else { return nil }
            rest = rest.dropFirst(1 + digits.count)
        }
        if rest == "Z" { return local.seconds }
        guard rest.utf8.count == 6, let sign = rest.first, sign == "+" || sign == "-",
            let clock = LocalTime("1970-01-01T\(rest.dropFirst())")
        else { return nil }
        return sign == "+" ? local.seconds - clock.seconds : local.seconds + clock.seconds
    }

    static func text(_ seconds: Int64) -> String { LocalTime(seconds: seconds).text + "Z" }
}
