/// What `slipway log` was asked for: every kind of id names the stream that holds its events.
enum LogSubject: Sendable, Equatable {
    case stream(String)
    /// One promotion: its events in its lane's stream.
    case promotion(stream: String, number: Int)
    /// `service@version`: only a server knows the id of that release.
    case version(String)

    /// nil if the text is no id of any kind.
    init?(_ text: String) {
        guard (1...200).contains(text.utf8.count),
            text.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
        else { return nil }
        if text.contains("@") {
            self = .version(text)
            return
        }
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard !parts.contains("") else { return nil }
        switch (parts.count, parts[0]) {
        case (1, let id) where id.hasPrefix("r-"): self = .stream("release/\(id)")
        case (1, let id) where id.hasPrefix("c-"): self = .stream("change/\(id)")
        case (1, "calendar"), (1, "access"), (1, "ledger"): self = .stream(text)
        case (1, let service): self = .stream("service/\(service)")
        case (2, "release"), (2, "change"), (2, "service"), (2, "train"), (2, "flag"), (3, "lane"): self = .stream(text)
        case (2, _): self = .stream("lane/\(text)")
        case (3, _), (4, "lane"):
            guard let number = Int(parts[parts.count - 1]), number > 0 else { return nil }
            self = .promotion(stream: "lane/" + parts.dropLast().suffix(2).joined(separator: "/"), number: number)
        default: return nil
        }
    }

    static let rule =
        "It is a promotion (SERVICE/ENVIRONMENT/NUMBER), a lane (SERVICE/ENVIRONMENT), a service, a release "
        + "(r-… or SERVICE@VERSION), a change (c-…) or a stream (lane/…, release/…, service/…, change/…, access, "
        + "ledger)."
}
