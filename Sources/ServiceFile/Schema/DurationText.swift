import Core

/// Durations as people write them: `500ms`, `10s`, `1m`, `2h`, `1d`, `1h30m`.
enum DurationText {
    static let units: [(name: String, milliseconds: Int64)] = [
        ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1),
    ]

    /// nil if the text is no duration. Units fall from left to right, each at most once; no signs, fractions or spaces.
    static func parse(_ text: String) -> Milliseconds? {
        guard text.utf8.count <= 40 else { return nil }
        var rest = text[...]
        var open = self.units[...]
        var total: Int64 = 0
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isASCII && $0.isNumber }
            rest = rest.dropFirst(digits.count)
            let unit = rest.prefix { $0.isASCII && $0.isLetter }
            rest = rest.dropFirst(unit.count)
            guard let index = open.firstIndex(where: { $0.name == unit }), let count = Int64(digits) else { return nil }
            let (product, isTooLarge) = count.multipliedReportingOverflow(by: open[index].milliseconds)
            let (sum, isOver) = total.addingReportingOverflow(product)
            guard !isTooLarge, !isOver else { return nil }
            total = sum
            open = open[(index + 1)...]
        }
        return text.isEmpty ? nil : Milliseconds(total)
    }

    /// The shortest text with whole units that reads back as the same: `1h30m`; zero is `0s`.
    static func write(_ value: Milliseconds) -> String {
        guard value.count > 0 else { return "0s" }
        var rest = value.count
        var text = ""
        for unit in self.units where rest >= unit.milliseconds {
            text += "\(rest / unit.milliseconds)\(unit.name)"
            rest %= unit.milliseconds
        }
        return text
    }
}

extension DurationText {
    /// What to write in place of a text that is no duration.
    fileprivate static func advice(on text: String, _ allowed: String) -> String {
        let bare = text.lowercased().filter { $0 != " " }
        let digits = bare.prefix { $0.isASCII && $0.isNumber }
        let rest = bare.dropFirst(digits.count)
        guard digits.count <= 9, let count = Int64(digits) else {
            return "is no duration: give \(allowed), such as 500ms, 10s, 1m, 2h, 1d or 1h30m"
        }
        if rest.isEmpty { return "has no unit: write \(count)s for seconds, \(count)m for minutes (\(allowed))" }
        guard let (factor, unit) = self.otherWords[String(rest)] else {
            return "is no duration: give \(allowed), such as 500ms, 10s, 1m, 2h, 1d or 1h30m"
        }
        return "is no duration; did you mean `\(count * factor)\(unit)`? (\(allowed))"
    }

    /// What people write for our units.
    private static let otherWords: [String: (factor: Int64, unit: String)] = [
        "sec": (1, "s"), "secs": (1, "s"), "second": (1, "s"), "seconds": (1, "s"), "s": (1, "s"), "min": (1, "m"),
        "mins": (1, "m"), "minute": (1, "m"), "minutes": (1, "m"), "m": (1, "m"), "hr": (1, "h"), "hrs": (1, "h"),
        "hour": (1, "h"), "hours": (1, "h"), "h": (1, "h"), "day": (1, "d"), "days": (1, "d"), "d": (1, "d"),
        "w": (7, "d"), "week": (7, "d"), "weeks": (7, "d"), "ms": (1, "ms"), "msec": (1, "ms"), "millis": (1, "ms"),
    ]
}

extension Kind where Value == Milliseconds {
    static func duration(_ range: ClosedRange<Milliseconds>) -> Kind {
        let bounds = "\(DurationText.write(range.lowerBound)) to \(DurationText.write(range.upperBound))"
        let allowed = "a duration from \(bounds)"
        let pattern = "^([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?$"
        return Kind(allowed: allowed, shape: .text(pattern: pattern)) { tree, problems in
            guard let text = scalar(tree, allowed, &problems) else { return nil }
            guard let value = DurationText.parse(text) else {
                problems.add(.badValue, tree, "\(quoted(text)) \(DurationText.advice(on: text, allowed))")
                return nil
            }
            guard range.contains(value) else {
                problems.add(.badValue, tree, "\(quoted(text)) is out of bounds: give \(allowed)")
                return nil
            }
            return value
        } show: {
            DurationText.write($0)
        }
    }
}
