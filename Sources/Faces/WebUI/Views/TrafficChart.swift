import APIClient
import Foundation

/// What a chart shows of each version over time.
enum Measure: CaseIterable {
    case share, requests, errors, latency

    var title: String {
        switch self {
        case .share: "Traffic"
        case .requests: "Requests"
        case .errors: "Errors"
        case .latency: "Latency"
        }
    }

    var unit: String {
        switch self {
        case .share: "% asked for"
        case .requests: "a second"
        case .errors: "% of answers"
        case .latency: "ms, p99 / p50"
        }
    }

    /// nil: not known, or nothing to divide by.
    func value(_ point: Wire.TrafficPoint, seconds: Double) -> Double? {
        switch self {
        case .share: return point.share
        case .requests: return seconds > 0 ? point.requests.map { Double($0) / seconds } : nil
        case .errors:
            guard let requests = point.requests, requests > 0, let errors = point.errors else { return nil }
            return Double(errors) / Double(requests) * 100
        case .latency: return point.p99.map(Double.init)
        }
    }

    /// A second, thinner line.
    func lower(_ point: Wire.TrafficPoint) -> Double? {
        switch self {
        case .latency: point.p50.map(Double.init)
        case .share, .requests, .errors: nil
        }
    }

    /// Up to where the chart goes: the next of 1, 2, 5, 10, … above all values, so that it changes seldom.
    func top(of values: [Double]) -> Double {
        switch self {
        case .share: return 100
        case .requests, .errors, .latency:
            let most = values.filter(\.isFinite).max() ?? 0
            guard most > 1 else { return 1 }
            let power = pow(10, log10(most).rounded(.down))
            let top = [1, 2, 5, 10].map { $0 * power }.first { $0 >= most } ?? 10 * power
            return self == .errors ? min(top, 100) : top
        }
    }

    /// At most four digits and a letter, whatever the value.
    static func short(_ value: Double) -> String {
        guard value.isFinite, value.magnitude < 1e18 else { return "> 1e18" }
        switch value {
        case ..<10: return Wire.decimal((value * 100).rounded() / 100)
        case ..<100: return Wire.decimal((value * 10).rounded() / 10)
        case ..<10_000: return Wire.decimal(value.rounded())
        default: break
        }
        let units = [(1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")]
        for (size, unit) in units where value >= size { return "\(Self.short(value / size)) \(unit)" }
        return Wire.decimal(value)
    }
}

/// One version's points with their times as numbers; those without a time that can be read are left out.
struct Series {
    struct Point {
        var from: Double
        var to: Double
        var wire: Wire.TrafficPoint
    }

    let arm: Wire.TrafficArm
    let points: [Point]

    init(_ arm: Wire.TrafficArm) {
        self.arm = arm
        self.points = arm.points.suffix(Wire.trafficPoints.upperBound).compactMap { point in
            guard let from = Words.date(point.from), let to = Words.date(point.at) else { return nil }
            return Point(from: from.timeIntervalSince1970, to: to.timeIntervalSince1970, wire: point)
        }
    }

    func values(_ measure: Measure) -> [(point: Point, value: Double?)] {
        self.points.map { ($0, measure.value($0.wire, seconds: $0.to - $0.from)) }
    }
}

/// One drawing: lines of both versions on one scale of time. It has no text, so that it may be stretched to any width;
/// what it shows stands in its title and description.
struct TrafficChart {
    let measure: Measure
    let series: [Series]
    let begin: Double
    let end: Double
    let top: Double

    private static let width = 10_000.0
    private static let height = 1_000.0
    /// Room for half a line's width above and below.
    private static let edge = 40.0

    init(_ measure: Measure, _ series: [Series]) {
        self.measure = measure
        self.series = series
        self.begin = series.flatMap(\.points).map(\.from).min() ?? 0
        self.end = series.flatMap(\.points).map(\.to).max() ?? 0
        self.top = measure.top(
            of: series.flatMap { series in
                series.values(measure).compactMap(\.value) + series.points.compactMap { measure.lower($0.wire) }
            })
    }

    var html: HTML {
        el(
            "svg", .class("lines"), .named("viewBox", "0 0 10000 1000"), .named("preserveAspectRatio", "none"),
            .named("role", "img")
        ) {
            el("title") { "\(self.measure.title), \(self.measure.unit)" }
            el("desc") { self.series.map { self.words($0) }.joined(separator: " ") }
            el("path", .class("grid"), .named("d", self.grid))
            // The old version first: the new one lies above it.
            for series in self.series.reversed() { self.lines(series) }
        }
    }

    // MARK: Drawing

    private var grid: String {
        [0, 0.5, 1].map { "M0 \(self.y($0 * self.top))H10000" }.joined()
    }

    @HTMLBuilder private func lines(_ series: Series) -> HTML {
        let values = series.values(self.measure)
        let main = self.path(values)
        let lower = self.path(series.points.map { ($0, self.measure.lower($0.wire)) })
        for gap in Self.gaps(values) { self.gap(gap, series.arm.isNew) }
        if series.arm.isNew {
            if !lower.isEmpty { el("path", .class("line", "new", "lower"), .named("d", lower)) }
            el("path", .class("line", "new"), .named("d", main))
        } else {
            if !lower.isEmpty { el("path", .class("line", "old", "lower"), .named("d", lower)) }
            el("path", .class("line", "old"), .named("d", main))
        }
    }

    private static func gaps(_ values: [(point: Series.Point, value: Double?)]) -> [Series.Point] {
        values.filter { $0.value == nil && $0.point.wire.gap != nil }.map(\.point)
    }

    /// The new version's in the upper half, the old one's in the lower.
    private func gap(_ point: Series.Point, _ isNew: Bool) -> HTML {
        let x = self.x(point.from)
        return el(
            "rect", .class("gap"), .named("x", "\(x)"), .named("y", isNew ? "0" : "500"),
            .named("width", "\(max(1, self.x(point.to) - x))"), .named("height", "500"))
    }

    /// A line breaks where nothing is known. It begins at its first interval's begin, so that one alone is a line too.
    private func path(_ values: [(point: Series.Point, value: Double?)]) -> String {
        var path = ""
        var isOpen = false
        for (point, value) in values {
            guard let value, value.isFinite else {
                isOpen = false
                continue
            }
            let y = self.y(value)
            if !isOpen { path += "M\(self.x(point.from)) \(y)" }
            // A share changes at once; what is counted, from interval to interval.
            path += self.measure == .share ? "V\(y)H\(self.x(point.to))" : "L\(self.x(point.to)) \(y)"
            isOpen = true
        }
        return path
    }

    private func x(_ time: Double) -> Int {
        guard self.end > self.begin else { return 0 }
        return Int(max(0, min(1, (time - self.begin) / (self.end - self.begin))) * Self.width)
    }

    private func y(_ value: Double) -> Int {
        let part = max(0, min(1, value / self.top))
        return Int(Self.height - Self.edge - part * (Self.height - 2 * Self.edge))
    }

    // MARK: Words

    func latest(_ series: Series) -> Double? {
        series.values(self.measure).last { $0.value != nil }?.value
    }

    private func words(_ series: Series) -> String {
        let values = series.values(self.measure)
        let gaps = Self.gaps(values).count
        let lost = gaps == 0 ? "" : " \(gaps) of \(values.count) intervals are gaps."
        let known = values.compactMap(\.value)
        guard let latest = known.last, let least = known.min(), let most = known.max() else {
            return "\(series.arm.version): nothing known.\(lost)"
        }
        let range = "between \(Measure.short(least)) and \(Measure.short(most))"
        return "\(series.arm.version): \(Measure.short(latest)) last, \(range).\(lost)"
    }
}
