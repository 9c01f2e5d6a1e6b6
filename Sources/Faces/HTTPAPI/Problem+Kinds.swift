package import APIClient

/// The problems that the server itself raises. Those of the rules come from the operations.
extension Wire.Problem {
    package static func invalid(_ detail: String) -> Wire.Problem {
        Wire.Problem(title: "Not valid", status: 400, detail: detail, code: "invalid")
    }

    package static var unauthenticated: Wire.Problem {
        Wire.Problem(
            title: "Not signed in", status: 401,
            detail: "The request has no token, or one that is wrong or revoked. Send `Authorization: Bearer TOKEN`; "
                + "`slipway serve` writes its user's token into the data folder, `slipway token add NAME` makes others.",
            code: "unauthenticated")
    }

    package static func notFound(_ detail: String) -> Wire.Problem {
        Wire.Problem(title: "Not found", status: 404, detail: detail, code: "not-found")
    }

    static func tooLarge(_ bytesMax: Int) -> Wire.Problem {
        Wire.Problem(
            title: "Too large", status: 413,
            detail: "The body is longer than \(bytesMax) bytes, the most that is taken. "
                + "Files stay on the server's machine: name them by path.",
            code: "too-large")
    }

    static func tooSlow(_ seconds: Int) -> Wire.Problem {
        Wire.Problem(
            title: "Too slow", status: 408, detail: "The body did not arrive within \(seconds) s. Send it again.",
            code: "too-slow")
    }

    static var tooManyWrongTokens: Wire.Problem {
        Wire.Problem(
            title: "Too many wrong tokens", status: 429,
            detail: "Too many wrong tokens came from this address. Wait a minute, then try again with the right one.",
            code: "too-many-wrong-tokens")
    }

    static func tooManyStreams(_ most: Int) -> Wire.Problem {
        Wire.Problem(
            title: "Too many event streams", status: 503,
            detail: "\(most) event streams are open, the most that are served. Close some, or try again later.",
            code: "too-many-streams")
    }

    static func unexpected(_ id: String) -> Wire.Problem {
        Wire.Problem(
            title: "Internal error", status: 500,
            detail: "Something went wrong that should not. The server's log has it under \(id).", code: "internal")
    }
}
