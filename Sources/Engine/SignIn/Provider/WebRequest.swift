/// A request to an identity provider, and its answer: what the door to the web carries.
package struct WebRequest: Sendable, Equatable {
    package let url: String
    /// nil: GET. Else POST of this form.
    package let form: String?
    package let authorization: String?

    package init(url: String, form: String? = nil, authorization: String? = nil) {
        self.url = url
        self.form = form
        self.authorization = authorization
    }
}

package struct WebAnswer: Sendable, Equatable {
    package let status: Int
    package let body: [UInt8]

    package init(status: Int, body: [UInt8]) {
        self.status = status
        self.body = body
    }
}

/// Follows no redirect; an answer has at most 1 MiB and comes within 10 s.
package typealias WebFetch = @Sendable (WebRequest) async throws -> WebAnswer
