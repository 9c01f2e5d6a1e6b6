package import Foundation

/// Times and amounts as people read them. Everything is relative to `now`, which the caller names.
package struct Words: Sendable {
    let now: Date

    package init(now: Date) {
        self.now = now
    }

    static func date(_ text: String) -> Date? {
        (try? Date(text, strategy: Date.ISO8601FormatStyle(includingFractionalSeconds: true)))
            ?? (try? Date(text, strategy: .iso8601))
    }

    /// `12 s`, `3 min`, `2 h 5 min`, `4 d 3 h`; app.js has the same rules, so that a page counts on between updates.
    static func duration(_ seconds: Double) -> String {
        let whole = Int(Swift.max(0, Swift.min(seconds, 1e9)))
        switch whole {
        case ..<60: return "\(whole) s"
        case ..<3600: return whole < 600 && whole % 60 > 0 ? "\(whole / 60) min \(whole % 60) s" : "\(whole / 60) min"
        case ..<86_400: return whole % 3600 < 60 ? "\(whole / 3600) h" : "\(whole / 3600) h \(whole % 3600 / 60) min"
        default: return whole % 86_400 < 3600 ? "\(whole / 86_400) d" : "\(whole / 86_400) d \(whole % 86_400 / 3600) h"
        }
    }

    /// `3 min ago`, with the exact time on hover and for programs.
    func since(_ text: String) -> HTML {
        guard let date = Self.date(text) else { return HTML(text) }
        return el("time", .named("datetime", text), .named("title", text), .named("data-since", text)) {
            Self.duration(self.now.timeIntervalSince(date)) + " ago"
        }
    }

    /// `18:00:05 UTC`; what is no time stays as it is.
    static func clock(_ text: String) -> String {
        guard Self.date(text) != nil, text.utf8.count >= 19 else { return text }
        return "\(text.dropFirst(11).prefix(8)) UTC"
    }

    /// `4 min left`.
    func until(_ text: String) -> HTML {
        guard let date = Self.date(text) else { return HTML(text) }
        let left = date.timeIntervalSince(self.now)
        return el("time", .named("datetime", text), .named("title", text), .named("data-until", text)) {
            left > 0 ? Self.duration(left) + " left" : "due now"
        }
    }

    /// The time itself, as `2026-11-24 05:36:35 UTC`.
    func exact(_ text: String) -> HTML {
        el("time", .named("datetime", text)) {
            Self.date(text) == nil ? text : text.prefix(19).replacingOccurrences(of: "T", with: " ") + " UTC"
        }
    }

    /// A weight in basis points, as `25 %` or `0.5 %`.
    static func share(_ weight: Int) -> String {
        let hundredths = weight % 100
        if hundredths == 0 { return "\(weight / 100) %" }
        let fraction =
            hundredths % 10 == 0 ? "\(hundredths / 10)" : (hundredths < 10 ? "0\(hundredths)" : "\(hundredths)")
        return "\(weight / 100).\(fraction) %"
    }

    static func strategy(_ name: String) -> String {
        switch name {
        case "bigBang": "big bang"
        case "blueGreen": "blue-green"
        default: name
        }
    }

    /// A step of a plan as what it does; steps that are not known here are shown by their name.
    static func step(_ name: String) -> String {
        switch name {
        case "capacity": "start instances, wait until healthy"
        case "preview": "open the preview"
        case "hold": "hold on the preview"
        case "bake": "bake: watch all traffic"
        case let observe where observe.hasPrefix("observe at "):
            "watch and judge \(observe.dropFirst("observe at ".count)) of traffic"
        case let scale where scale.hasPrefix("scale to "):
            "bring up instances, to \(scale.dropFirst("scale to ".count)) in all"
        case let shift where shift.hasPrefix("shift to "): "move \(shift.dropFirst("shift to ".count)) of traffic"
        default: name
        }
    }

    static func bytes(_ count: Int64) -> String {
        switch count {
        case ..<1024: "\(count) B"
        case ..<(1024 * 1024): "\(count / 1024) KiB"
        default: "\(count / 1024 / 1024) MiB"
        }
    }

    /// The digest's beginning; the whole stands in the title.
    static func short(_ digest: String) -> String {
        String(digest.replacingOccurrences(of: "sha256:", with: "").prefix(12))
    }
}
