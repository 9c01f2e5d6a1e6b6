import APIClient

/// What `slipway log` and `slipway watch` are asked for: every kind of id names the stream that holds its events.
enum LogSubject: Sendable, Equatable {
    case service(String)
    case lane(service: String, environment: String)
    /// By its id.
    case release(String)
    /// `service@version`: only a server knows the id of that release.
    case version(String)
    case change(String)
    /// One promotion: its events in its lane's stream.
    case promotion(service: String, environment: String, number: Int)
    case access, directory, ledger

    /// nil if the text is no id of any kind.
    init?(_ text: String) {
        guard text.utf8.count <= 200 else { return nil }
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        switch (parts.count, parts[0]) {
        case (1, "access"): self = .access
        case (1, "directory"): self = .directory
        case (1, "ledger"): self = .ledger
        case (1, _) where Identifier.isReleaseName(text): self = .version(text)
        case (1, _) where Identifier.isReleaseID(text): self = .release(text)
        case (1, _) where Identifier.change.fits(text): self = .change(text)
        case (1, _), (2, "service"): self.init(service: parts[parts.count - 1])
        case (2, "release") where Identifier.isReleaseID(parts[1]): self = .release(parts[1])
        case (2, "change") where Identifier.change.fits(parts[1]): self = .change(parts[1])
        case (2, "release"), (2, "change"), (2, "lane"): return nil
        case (2, _), (3, "lane"): self.init(service: parts[parts.count - 2], environment: parts[parts.count - 1])
        case (3, _), (4, "lane"): self.init(promotion: parts.suffix(3).joined(separator: "/"))
        default: return nil
        }
    }

    private init?(service: String) {
        guard Identifier.service.fits(service) else { return nil }
        self = .service(service)
    }

    private init?(service: String, environment: String) {
        guard Identifier.service.fits(service), Identifier.environment.fits(environment) else { return nil }
        self = .lane(service: service, environment: environment)
    }

    private init?(promotion text: String) {
        let parts = text.split(separator: "/").map(String.init)
        guard Identifier.promotion.fits(text), let number = Int(parts[2]) else { return nil }
        self = .promotion(service: parts[0], environment: parts[1], number: number)
    }

    /// nil: the server has to be asked for the release's id.
    var stream: String? {
        switch self {
        case .service(let name): "service/\(name)"
        case .lane(let service, let environment), .promotion(let service, let environment, _):
            "lane/\(service)/\(environment)"
        case .release(let id): "release/\(id)"
        case .version: nil
        case .change(let id): "change/\(id)"
        case .access: "access"
        case .directory: "directory"
        case .ledger: "ledger"
        }
    }

    /// What it is, in words: for a refusal.
    var words: String {
        switch self {
        case .service(let name): "service `\(name)`"
        case .lane(let service, let environment): "lane `\(service)/\(environment)`"
        case .release(let name), .version(let name): "release `\(name)`"
        case .change(let id): "change `\(id)`"
        case .promotion(let service, let environment, let number): "promotion `\(service)/\(environment)/\(number)`"
        case .access, .directory, .ledger: "record of this kind"
        }
    }

    /// The stream of something that the server knows; throws the server's refusal for what it does not.
    func knownStream(_ client: APIClient) async throws -> String {
        switch self {
        case .service(let name): _ = try await client.service(name)
        case .lane(let service, let environment):
            _ = try await client.lane(service: service, environment: environment)
        case .release(let id): _ = try await client.release(id)
        case .version(let name): return "release/\(try await client.release(name).id)"
        case .change(let id): _ = try await client.change(id)
        case .promotion(let service, let environment, let number):
            _ = try await client.promotion("\(service)/\(environment)/\(number)")
        case .access, .directory, .ledger: break
        }
        return self.stream ?? ""
    }
}
