import APIClient
import Foundation
import Testing
import WebUI

/// The charts of a deployment's traffic, on its page.
@Suite struct TrafficTests {
    private static func page(_ traffic: Wire.Traffic?, state: Wire.PromotionState = .deploying) -> Page {
        .promotion(
            Samples.promotion(state: state), traffic: traffic, why: Samples.why, viewer: PageTests.viewer,
            words: PageTests.words)
    }

    private static func traffic(_ points: [Wire.TrafficPoint], version: String = "1.4.0") -> Wire.Traffic {
        Wire.Traffic(
            promotion: "shop/production/3", arms: [Wire.TrafficArm(arm: "new", version: version, points: points)])
    }

    private static func point(_ second: Int, _ requests: Int?, _ errors: Int?, p99: Int? = nil) -> Wire.TrafficPoint {
        Wire.TrafficPoint(
            from: "2026-11-24T05:30:\(10 + second).000Z", at: "2026-11-24T05:30:\(15 + second).000Z",
            requests: requests, errors: errors, p50: p99, p99: p99, share: 5, gap: nil)
    }

    /// The drawings' lines, in the order of the page: `new` or `old`, and the path.
    private static func paths(_ page: Page) throws -> [(of: String, d: String)] {
        try Markup(page.fragmentMarkup).elements.filter { $0.tag == "path" }.compactMap { element in
            guard let kind = element.attributes["class"], kind.hasPrefix("line"), element.attributes["d"] != "M1 4H23"
            else { return nil }
            return (kind, element.attributes["d"] ?? "")
        }
    }

    @Test func `share, requests, errors and latency of both versions are drawn, and said for who can't see`() throws {
        let page = Self.page(Samples.traffic)
        let read = try Markup(page.fragmentMarkup)
        let charts = read.elements.filter { $0.tag == "svg" && $0.attributes["role"] == "img" }
        #expect(charts.count == 4)
        #expect(read.elements.count { $0.tag == "desc" } == 4 && read.elements.count { $0.tag == "title" } == 4)
        for words in [
            "Traffic, % asked for", "Requests, a second", "Errors, % of answers", "Latency, ms, p99 / p50",
            "1.4.0: 2.08 last, between 0 and 4. 1 of 4 intervals are gaps.", "1.4.0: 25 last, between 5 and 25.",
            "1.3.2: 30.4 last, between 30 and 38. 1 of 4 intervals are gaps.", "05:30:10 to 05:30:30 UTC",
        ] {
            #expect(read.text.contains(words), "\(words)")
        }
        #expect(!page.fragmentMarkup.contains("style="))
    }

    @Test func `a line breaks where nothing is known, and a band says that it is no zero`() throws {
        let page = Self.page(Samples.traffic)
        let requests = try #require(try Self.paths(page).filter { $0.of == "line new" }.dropFirst().first?.d)
        #expect(requests.count { $0 == "M" } == 2)
        let bands = try Markup(page.fragmentMarkup).elements.filter { $0.attributes["class"] == "gap" }
        // Requests, errors and latency of both, and the new version's lost times.
        #expect(bands.count == 7)
        #expect(bands.allSatisfy { Int($0.attributes["width"] ?? "") ?? 0 > 0 })
    }

    @Test func `the numbers stand in a table, with the gaps in words`() throws {
        let text = try Markup(Self.page(Samples.traffic).fragmentMarkup).text
        #expect(text.contains("05:30:3025 %481––times lost75 %152114 ms57 ms"))
        #expect(text.contains("05:30:2025 %––––counters began anew75 %––––counters began anew"))
    }

    @Test func `one interval is a line across the chart`() throws {
        let paths = try Self.paths(Self.page(Self.traffic([Self.point(0, 10, 1, p99: 40)])))
        #expect(paths.count == 5)
        for path in paths { #expect(path.d.hasPrefix("M0 ") && path.d.contains("10000"), "\(path)") }
    }

    @Test func `zeros lie on the ground line, and nothing is divided by them`() throws {
        let page = Self.page(Self.traffic([Self.point(0, 0, 0), Self.point(5, 0, 0)]))
        let paths = try Self.paths(page).map(\.d)
        #expect(paths[1] == "M0 960L5000 960L10000 960")
        // No answer, no share of errors.
        #expect(paths[2] == "")
        #expect(!page.fragmentMarkup.contains("nan") && !page.fragmentMarkup.contains("inf"))
    }

    @Test(arguments: [Int.max, 1_000_000_000_000, -5, 10_000])
    func `whatever the numbers, the lines stay in the drawing`(count: Int) throws {
        let points = [Self.point(0, count, count, p99: count), Self.point(5, 3, 1, p99: 1)]
        let page = Self.page(Self.traffic(points))
        for path in try Self.paths(page) {
            let numbers = path.d.split { !$0.isNumber && $0 != "-" }.compactMap { Int($0) }
            #expect(numbers.allSatisfy { (0...10_000).contains($0) }, "\(path)")
        }
        let latest = try Markup(page.fragmentMarkup).text
        #expect(!latest.contains("e+") && !latest.contains("nan"))
    }

    @Test func `times that can't be read and intervals without length are left out of the drawing`() throws {
        var wrong = Self.point(0, 10, 1, p99: 5)
        wrong.at = "yesterday"
        var empty = Self.point(0, 10, 1, p99: 5)
        empty.at = empty.from
        for points in [[], [wrong], [empty]] {
            let page = Self.page(Self.traffic(points))
            _ = try Markup(page.markup(for: PageTests.viewer))
            #expect(!page.fragmentMarkup.contains("nan"))
        }
    }

    @Test func `a version's name is text in the drawing too`() throws {
        let page = Self.page(Self.traffic([Self.point(0, 1, 0)], version: "</desc><script>alert(1)</script>"))
        #expect(!page.fragmentMarkup.contains("<script"))
        #expect(page.fragmentMarkup.contains("&lt;/desc&gt;&lt;script&gt;alert(1)&lt;/script&gt;: 5 last"))
    }

    @Test func `the page looks again only while the deployment runs`() throws {
        let isLive = { (page: Page) in page.fragmentMarkup.contains("data-every=") }
        #expect(isLive(Self.page(Samples.traffic)))
        #expect(!isLive(Self.page(Samples.traffic, state: .completed)))
        #expect(Self.page(Samples.traffic, state: .completed).fragmentMarkup.contains("class=\"lines\""))
        #expect(!isLive(Self.page(nil)))
        #expect(Script.text.contains("[data-every]"))
    }

    @Test func `the status page shows the charts of what runs, small and without the table`() throws {
        let scene = try #require(Scenes.all.first { $0.name == "running" })
        let page = Page.status(
            scene.status, traffic: scene.traffic, changes: [], viewer: PageTests.viewer, words: PageTests.words)
        let read = try Markup(page.fragmentMarkup)
        #expect(read.elements.count { $0.attributes["class"] == "lines" } == 4)
        #expect(read.elements.contains { $0.attributes["class"] == "traffic small" })
        #expect(!page.fragmentMarkup.contains("numbers-table"))
        let other = Page.status(
            scene.status, traffic: [Samples.traffic], changes: [], viewer: PageTests.viewer, words: PageTests.words)
        #expect(!other.fragmentMarkup.contains("class=\"lines\""))
    }
}
