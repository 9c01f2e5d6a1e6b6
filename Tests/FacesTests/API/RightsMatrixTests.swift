import APIClient
import Core
import Engine
import Foundation
import HTTPAPI
import Kits
import Lab
import Logging
import Ports
import Testing

/// Every route × role × scope against a real control plane: who is refused, and who is not, is what the route table says.
@Suite(.timeLimit(.minutes(5))) struct RightsMatrixTests {
    /// Roles: nobody, and each right.
    private static let roles: [Right?] = [nil] + Right.allCases.map { $0 }
    /// Where the role is held; what is asked is about `shop/prod`.
    private static let scopes = ["organisation", "environment:prod", "environment:qa"]
        .compactMap { AccessScope($0) }

    private struct Cell: Sendable {
        let role: Right?
        let scope: AccessScope
        let token: String
        var words: String { "\(self.role?.rawValue ?? "none") on \(self.scope)" }
    }

    private struct Operation: Sendable {
        let method: String
        let path: String
        /// nil: no right is needed.
        let right: Right?
        let place: String
        let body: String?
        let isEndless: Bool
    }

    @Test func `every route lets through who has its right there, and nobody else`() async throws {
        let plane = try await MatrixPlane.make()
        let cells = try await Self.cells(plane)
        try await LiveServer.with(operations: Operations(plane)) { server in
            let answer = try await server.send("GET", "/api/v1/openapi.json", token: cells[0].token)
            let document = try #require(
                try JSONSerialization.jsonObject(with: Data(answer.text.utf8)) as? [String: Any])
            let operations = try Self.operations(document)
            #expect(operations.count > 70 && operations.filter { $0.right == nil }.count == 5)
            var (allowed, refused) = (0, 0)
            for operation in operations {
                for cell in cells {
                    let (status, text) = try await Self.answer(to: operation, as: cell, server)
                    let isAllowed = Self.isAllowed(operation, cell)
                    // A change has its own 403 for who may approve, but is not asked.
                    let isRefused = status == 403 && !text.contains("is not asked here")
                    #expect(isRefused != isAllowed, "\(operation.method) \(operation.path) as \(cell.words): \(text)")
                    #expect(status != 401 && status != 500, "\(operation.path): \(text)")
                    if isAllowed { allowed += 1 } else { refused += 1 }
                }
            }
            #expect(allowed + refused == operations.count * cells.count && allowed > 250 && refused > 250)
        }
        // However often somebody is refused, the record of it stays small.
        let records = try await plane.journal.ledger.number(of: .access)
        #expect(records < cells.count * (Access.refusalLimit + 1) + cells.count)
    }

    /// From the declared right alone.
    private static func isAllowed(_ operation: Operation, _ cell: Cell) -> Bool {
        guard let right = operation.right else { return true }
        guard let role = cell.role else { return false }
        let asked: String
        switch operation.place {
        case "any": return true
        case "organisation": asked = "organisation"
        case "service": asked = "service:shop"
        case "lane": asked = "lane:shop/prod"
        // What the bodies and queries of this test are about.
        default:
            asked =
                switch operation.path {
                case "/api/v1/calendar", "/api/v1/grants", "/api/v1/grants/remove": "lane:shop/prod"
                case let path where path.contains("/secrets/"): "lane:shop/prod"
                case let path where path.hasSuffix("/remove"): "organisation"
                default: "service:shop"
                }
        }
        return AccessScope(asked).map { cell.scope.lets(role, right, on: $0) } ?? false
    }

    // MARK: Who

    /// One person for each role in each scope, with a token of version 1: good for all that its owner may do.
    private static func cells(_ plane: ControlPlane) async throws -> [Cell] {
        var cells: [Cell] = []
        let ada = MatrixPlane.ada
        for role in Self.roles {
            for scope in role == nil ? [.organisation] : Self.scopes {
                let id = try #require(DirectoryName("p\(cells.count)"))
                _ = try await plane.changeDirectory(by: ada) { now in
                    .describe(id, displayName: "P", emails: [], by: ada.actor, at: now)
                }
                if let role {
                    let grant = Directory.Grant(subject: .person(id), right: role, scope: scope)
                    _ = try await plane.change(grant, isGiven: true, by: ada)
                }
                let token = try await plane.addToken(id.text, owner: .person(id.text), mayAdminister: false, by: ada)
                cells.append(Cell(role: role, scope: scope, token: token.secret))
            }
        }
        return cells
    }

    // MARK: What

    private static func operations(_ document: [String: Any]) throws -> [Operation] {
        let shapes = Shapes(document)
        let paths = try #require(document["paths"] as? [String: [String: [String: Any]]])
        let values = [
            "service": "shop", "environment": "prod", "number": "1", "release": "shop@0.1.0", "change": "c-shop-prod-1",
        ]
        return try paths.sorted { $0.key < $1.key }.flatMap { path, methods in
            try methods.sorted { $0.key < $1.key }.map { method, operation in
                // A release has decisions, and belongs to a service.
                let id = path == "/api/v1/why/{id}" ? MatrixPlane.release : "x"
                let target = path.replacing(/\{([a-z]+)\}/) { values[String($0.1)] ?? id }
                let responses = try #require(operation["responses"] as? [String: [String: Any]])
                let content = responses["200"]?["content"] as? [String: Any]
                var body: String?
                if let request = operation["requestBody"] as? [String: Any] {
                    body = try Self.body(path, try shapes.example(of: request))
                }
                return Operation(
                    method: method.uppercased(), path: Self.query(target),
                    right: (operation["x-slipway-right"] as? String).flatMap { Right(rawValue: $0) },
                    place: operation["x-slipway-scope"] as? String ?? "", body: body,
                    isEndless: content?["text/event-stream"] != nil)
            }
        }
    }

    private static func query(_ path: String) -> String {
        switch path {
        case "/api/v1/events", "/api/v1/events/stream": path + "?stream=service/shop"
        case "/api/v1/audit/replay": path + "?service=shop"
        default: path
        }
    }

    /// What has to name the service or lane for the question to be about it.
    private static func body(_ path: String, _ example: String) throws -> String {
        switch path {
        case "/api/v1/services/apply":
            let fields: [String: Any] = ["file": MatrixPlane.file, "repository": MatrixPlane.repository, "plan": true]
            return String(decoding: try JSONSerialization.data(withJSONObject: fields), as: UTF8.self)
        case "/api/v1/releases": return #"{"repository":"\#(MatrixPlane.repository)","ref":"HEAD"}"#
        case "/api/v1/promotions": return #"{"release":"shop@0.1.0","environment":"prod"}"#
        case "/api/v1/calendar":
            return
                #"{"name":"y","kind":"freeze","start":"2030-01-01T00:00:00","end":"2030-01-02T00:00:00","zone":"UTC","service":"shop","environment":"prod","reason":"x"}"#
        case "/api/v1/grants", "/api/v1/grants/remove":
            return #"{"subject":"person:p0","right":"view","scope":"lane:shop/prod"}"#
        case "/api/v1/lanes/{service}/{environment}/block", "/api/v1/lanes/{service}/{environment}/unblock":
            return #"{"reason":"x","subject":"shop@0.1.0"}"#
        case "/api/v1/lanes/{service}/{environment}/pin": return #"{"reason":"x","subject":"9.9.9"}"#
        case "/api/v1/services/{service}/secrets/{name}": return #"{"value":"x","environment":"prod"}"#
        case "/api/v1/services/{service}/secrets/{name}/remove": return #"{"reason":"x","environment":"prod"}"#
        default: return example
        }
    }

    private static func answer(
        to operation: Operation, as cell: Cell, _ server: LiveServer
    ) async throws -> (status: Int, text: String) {
        if operation.isEndless {
            let socket = try RawSocket(port: server.port)
            socket.send(
                "GET \(operation.path) HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \(cell.token)\r\n\r\n")
            let text = await socket.read(until: "\r\n")
            return (Int(text.dropFirst(9).prefix(3)) ?? 0, text)
        }
        let answer = try await server.send(
            operation.method, operation.path, body: operation.body, token: cell.token)
        return (answer.status, String(answer.text.prefix(300)))
    }
}

/// A service with two environments, a release, a promotion that waits, and its change.
private enum MatrixPlane {
    static let ada = Engine.Caller(actor: .person("ada"), mayAdminister: true)
    static let repository = "/repositories/shop"
    static let release = "r-0123456789ab"
    static let file = """
        service: shop
        build: { command: make, artifact: dist/ }
        run: ./shop
        environments:
          qa: { listen: 127.0.0.1:7003 }
          prod: { listen: 127.0.0.1:7004, gates: [ { approval: { from: [bob] } } ] }

        """

    static func make() async throws -> ControlPlane {
        let clock = VirtualClock()
        let target = SimulatedTarget(clock: clock)
        let ledger = try MemoryStore().open(owner: "the test") { clock.now() }
        let doors = Doors(
            blobs: MemoryBlobs(), source: OneFile(), builder: OneFile(), commands: OneFile(), probe: OneFile(),
            runtime: target.runtime, router: target.router, messenger: RecordingMessenger(), secrets: MemorySecrets())
        let plane = ControlPlane(
            journal: Journal(ledger: ledger, time: clock, news: News()), doors: doors, zones: FixedZones(),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        _ = try await plane.apply(Self.file, repository: Self.repository, isPlan: false, by: Self.ada)
        let id = try #require(ReleaseID(Self.release))
        var configuration = RunConfiguration()
        configuration.run = RunCommand(command: "./shop")
        let origin = Release.Origin(
            id: id, service: try #require(ServiceName("shop")), version: "0.1.0", repository: Self.repository,
            commit: String(repeating: "a", count: 40), author: "Bob <bob@example.org>", subject: "feat: x",
            committedAt: clock.now(), configuration: configuration, file: nil, by: Self.ada.actor, at: clock.now())
        try await plane.journal.decide(Release.self, .release(id), by: Self.ada.actor) { _ in .request(origin) }
        _ = try await plane.promote("shop@0.1.0", into: try #require(EnvironmentName("prod")), by: Self.ada)
        return plane
    }
}

/// A repository whose only commit has the service's file; nothing is built or run.
private struct OneFile: SourceRepository, Builder, CommandRunner, Probe {
    struct Asked: Error {}

    func head(of branch: String, in repository: String) async throws -> String { String(repeating: "b", count: 40) }
    func resolve(_ ref: String, in repository: String) async throws -> Commit {
        Commit(
            id: String(repeating: "b", count: 40), authorName: "Bob", authorEmail: "bob@example.org",
            at: Instant(milliseconds: 1_800_000_000_000), message: "feat: y")
    }
    func versionTags(reaching commit: String, in repository: String) async throws -> [VersionTag] { [] }
    func allVersions(in repository: String) async throws -> Set<String> { [] }
    func commits(
        since tag: String?, upTo commit: String, limit: Int, in repository: String
    ) async throws -> [Commit] { [try await self.resolve("HEAD", in: repository)] }
    func file(_ path: String, at commit: String, in repository: String) async throws -> [UInt8]? {
        Array(MatrixPlane.file.utf8)
    }
    func checkOut(_ commit: String, of repository: String, to folder: String) async throws { throw Asked() }
    func tag(_ name: String, commit: String, message: String, in repository: String) async throws { throw Asked() }
    func pushTag(_ name: String, in repository: String) async throws { throw Asked() }
    func build(_ order: BuildOrder) async throws -> BuildReport { throw Asked() }
    func take(file: String) async throws -> Artifact { throw Asked() }
    func output(of release: ReleaseID, from offset: Int) async throws -> [UInt8]? { nil }
    func run(_ order: CommandOrder) async throws -> CommandReport { throw Asked() }
    func get(_ path: String, at address: ListenAddress, within: Milliseconds) async -> ProbeAnswer {
        .unreachable("nobody is there")
    }
}
