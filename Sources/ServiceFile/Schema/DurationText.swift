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

extension Kind where Value == Milliseconds {
    static func duration(_ range: ClosedRange<Milliseconds>) -> Kind {
        let bounds = "\(DurationText.write(range.lowerBound)) to \(DurationText.write(range.upperBound))"
        let allowed = "a duration from \(bounds)"
        let pattern = "^([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?$"
        return Kind(allowed: allowed, shape: .text(pattern: pattern)) { tree, problems in
            guard let text = scalar(tree, allowed, &problems) else { return nil }
            guard let value = DurationText.parse(text) else {
                let isNumber = !text.isEmpty && text.utf8.count <= 12 && text.allSatisfy { $0.isASCII && $0.isNumber }
                let hint = isNumber
                    ? "has no unit: write \(text)s for seconds, \(text)m for minutes (\(allowed))"
                    : "is not allowed: give \(allowed), such as 500ms, 10s, 1m, 2h, 1d or 1h30m"
                problems.add(.badValue, tree, "\(quoted(text)) \(hint)")
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
