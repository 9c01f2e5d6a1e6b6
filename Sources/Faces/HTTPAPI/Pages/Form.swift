import APIClient
import Foundation
import HTTPTypes
import Hummingbird
import WebUI

/// The fields of a submitted form.
struct Form: Sendable {
    private let fields: [String: String]

    init(_ request: Request, _ body: Body) async throws {
        let type = request.headers[.contentType]?.split(separator: ";").first?.lowercased() ?? ""
        guard type == "application/x-www-form-urlencoded" else {
            throw Wire.Problem(
                title: "Unsupported media type", status: 415, detail: "This address takes HTML forms.",
                code: "unsupported-media-type")
        }
        guard let text = String(data: try await body.read(), encoding: .utf8) else {
            throw Wire.Problem.invalid("The form is not UTF-8.")
        }
        self.fields = try Location.pairs(text, "form")
    }

    subscript(name: String) -> String? { self.fields[name] }

    var act: Wire.Act {
        func given(_ name: String) -> String? { self.fields[name].flatMap { $0.isEmpty ? nil : $0 } }
        return Wire.Act(reason: self.fields["reason"] ?? "", subject: given("subject"), until: given("until"))
    }

    /// Where to go afterwards: a path of this server, taken apart and put together again, so it can't lead elsewhere.
    var back: (link: Link, target: String) {
        let segments = self.fields["back"].flatMap { try? Location($0) }?.segments ?? []
        let link = Link(segments: segments)
        return (link, link.target)
    }
}
