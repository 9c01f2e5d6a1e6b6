import Foundation
import Hummingbird

/// The cookies that we set, and what the browser sends back of them. None is for scripts, and none is sent with what other sites post.
struct BrowserCookies: Sendable {
    /// Browsers reach us by https: then the cookies never travel otherwise.
    let isSecure: Bool

    enum Name: String, CaseIterable {
        /// The session's id.
        case session = "slipway_session"
        /// What belongs to a sign-in by a provider, sealed.
        case provider = "slipway_provider"
        /// Where to go after it.
        case back = "slipway_back"

        /// No longer than needed; nil: until the browser is closed.
        fileprivate var life: Int? {
            switch self {
            case .session: nil
            case .provider, .back: 600
            }
        }
    }

    private func name(_ cookie: Name) -> String {
        // Browsers take a cookie of this prefix from this host alone, by https alone (RFC 6265bis, 4.1.3.2).
        self.isSecure ? "__Host-\(cookie.rawValue)" : cookie.rawValue
    }

    /// A value of ours has no characters that would end it.
    func set(_ cookie: Name, _ value: String) -> String {
        let life = value.isEmpty ? 0 : cookie.life
        return "\(self.name(cookie))=\(value); Path=/; HttpOnly; SameSite=Lax" + (life.map { "; Max-Age=\($0)" } ?? "")
            + (self.isSecure ? "; Secure" : "")
    }

    func read(_ cookie: Name, of request: Request) -> String? {
        let name = self.name(cookie)
        for pair in (request.headers[.cookie] ?? "").split(separator: ";").prefix(50) {
            let sides = pair.split(separator: "=", maxSplits: 1)
            if sides.count == 2, sides[0].trimmingCharacters(in: .whitespaces) == name { return String(sides[1]) }
        }
        return nil
    }
}
