import Core

/// Percentages as people write them: `5`, `0.1`, `12.34`, each with or without a `%`.
enum PercentText {
    /// How often the last of `decimals` places fits into the text's value; nil if the text is no such percentage. No
    /// signs, exponents or commas, no needless zeros before the number, at most 100.
    static func parse(_ text: String, decimals: Int) -> Int? {
        guard text.utf8.count <= 16 else { return nil }
        var digits = text[...]
        if digits.hasSuffix("%") { digits = digits.dropLast() }
        if digits.hasSuffix(" "), digits.count < text.count { digits = digits.dropLast() }
        let parts = digits.split(separator: ".", omittingEmptySubsequences: false)
        guard let whole = parts.first, (1...2).contains(parts.count),
            let count = Int(whole), String(count) == whole, (0...100).contains(count)
        else { return nil }
        let fraction = parts.count == 2 ? parts[1] : "0"
        guard (1...decimals).contains(fraction.utf8.count), fraction.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let rest = Int(fraction + String(repeating: "0", count: decimals - fraction.utf8.count))
        else { return nil }
        let scale = (0..<decimals).reduce(1) { product, _ in product * 10 }
        let value = count * scale + rest
        return value <= 100 * scale ? value : nil
    }

    /// The shortest text that reads back as the same, with its `%`.
    static func write(_ value: Int, decimals: Int) -> String {
        let scale = (0..<decimals).reduce(1) { product, _ in product * 10 }
        var fraction = String(scale + value % scale).dropFirst()
        while fraction.hasSuffix("0") { fraction = fraction.dropLast() }
        return fraction.isEmpty ? "\(value / scale)%" : "\(value / scale).\(fraction)%"
    }
}

extension Kind {
    /// A percentage with so many decimals; `make` takes what `PercentText.parse` gives.
    fileprivate static func percentage(
        _ range: ClosedRange<Int>, decimals: Int, such examples: String, _ make: @escaping @Sendable (Int) -> Value?,
        show: @escaping @Sendable (Value) -> String
    ) -> Kind {
        let bounds = [range.lowerBound, range.upperBound].map { PercentText.write($0, decimals: decimals) }
        let allowed =
            "a percentage from \(bounds[0]) to \(bounds[1]) with at most \(decimals) decimals, such as \(examples)"
        return Kind(allowed: allowed, shape: .percentage(decimals: decimals)) { tree, problems in
            guard let text = scalar(tree, allowed, &problems) else { return nil }
            guard let count = PercentText.parse(text, decimals: decimals) else {
                problems.add(.badValue, tree, "\(quoted(text)) is no percentage: give \(allowed)")
                return nil
            }
            guard range.contains(count), let value = make(count) else {
                problems.add(.badValue, tree, "\(quoted(text)) is out of bounds: give \(allowed)")
                return nil
            }
            return value
        } show: {
            show($0)
        }
    }
}

extension Kind where Value == BasisPoints {
    /// A share of the traffic that somebody gets.
    static let share = Kind.percentage(1...10_000, decimals: 2, such: "5, 0.1 or 5%") {
        BasisPoints($0)
    } show: {
        PercentText.write($0.count, decimals: 2)
    }
}

extension Kind where Value == ErrorRate {
    /// At most half: a service that fails more often is not what an objective is for.
    static let errorRate = Kind.percentage(1...500_000, decimals: 4, such: "1%, 0.1 or 0.001%") {
        ErrorRate(perMillion: $0)
    } show: {
        PercentText.write($0.perMillion, decimals: 4)
    }
}
