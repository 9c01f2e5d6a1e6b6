/// Numbers for people, the same on every machine.
enum Words {
    /// `12,345`
    static func count(_ count: Int) -> String {
        let digits = Array(String(count.magnitude))
        var text = count < 0 ? "-" : ""
        for (place, digit) in digits.enumerated() {
            if place > 0, (digits.count - place) % 3 == 0 { text.append(",") }
            text.append(digit)
        }
        return text
    }

    /// With so many decimals at most; zeros at the end are left out.
    static func number(_ value: Double, _ decimals: Int) -> String {
        guard abs(value) < 1e15 else { return value > 0 ? "over 10^15" : "below -10^15" }
        let scale = (0..<decimals).reduce(1) { scale, _ in scale * 10 }
        let scaled = Int((abs(value) * Double(scale)).rounded(.toNearestOrAwayFromZero))
        var fraction = String(scaled % scale + scale).dropFirst()
        while fraction.last == "0" { fraction.removeLast() }
        let sign = value < 0 && scaled > 0 ? "-" : ""
        return sign + Self.count(scaled / scale) + (fraction.isEmpty ? "" : ".\(fraction)")
    }

    /// `4.49 %`, `0.063 %`: three digits that say something.
    static func percent(_ part: Double) -> String {
        let percent = part * 100
        let decimals = percent >= 10 ? 1 : percent >= 1 ? 2 : percent >= 0.1 ? 3 : 4
        return "\(Self.number(percent, decimals)) %"
    }

    /// `23 of 512 requests (4.49 %)`
    static func part(_ totals: Totals) -> String {
        let rate = totals.requests > 0 ? " (\(Self.percent(Double(totals.events) / Double(totals.requests))))" : ""
        return "\(Self.count(totals.events)) of \(Self.count(totals.requests)) requests\(rate)"
    }

    /// Evidence as odds: `181 : 1`.
    static func odds(_ nats: Double) -> String {
        if nats > Arithmetic.ln(1e6) { return "over 1,000,000 : 1" }
        if nats < -Arithmetic.ln(1e6) { return "below 1 : 1,000,000" }
        let odds = Arithmetic.e(abs(nats))
        let text = Self.number(odds, odds < 10 ? 1 : 0)
        return nats < 0 && text != "1" ? "1 : \(text)" : "\(text) : 1"
    }
}
