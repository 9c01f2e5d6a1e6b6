import AsyncHTTPClient
import ChangeCalendar
import CommandLine
import Core
import Engine
import Foundation
import HTTPAPI
import LocalTarget
import Logging
import Ports
import SQLiteStore

/// All parts of one data folder, put together in one place: nothing else knows which types stand behind the doors.
struct Assembly {
    let ledger: SQLiteLedger
    let plane: ControlPlane
    let runtime: ProcessRuntime
    let router: HAProxyRouter
    private let client: HTTPClient
    private let probe: HTTPProbe

    /// Takes the folder's lock and a new term, or (`isReadOnly`) looks at what is there.
    /// - Parameter serving: nil: no server, so nobody signs in.
    init(
        folder: String, path: String, logger: Logger, isReadOnly: Bool = false, serving: ServeOptions? = nil
    ) async throws {
        let clock = SystemClock()
        if !isReadOnly {
            // The record is this user's alone.
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            chmod(folder, 0o700)
        }
        self.ledger =
            isReadOnly
            ? try await SQLiteLedger.openForReading(folder: folder)
            : try await SQLiteLedger.open(
                folder: folder, owner: "slipway, process \(getpid())", time: { clock.now() })
        var configuration = HTTPClient.Configuration()
        configuration.redirectConfiguration = .disallow
        configuration.httpVersion = .http1Only
        self.client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        self.probe = HTTPProbe()
        let blobs = try FileBlobs(folder: folder + "/blobs")
        let source = GitRepository(path: path, mirrors: folder + "/repositories")
        let router = HAProxyRouter(
            settings: HAProxyRouter.Settings(
                data: folder, socketFolder: NSTemporaryDirectory() + "/slipway-\(getuid())"),
            table: try ProcessTable(), logger: logger)
        self.router = router
        let workshop = Workshop(source: source, blobs: blobs, path: path)
        let secrets = FileSecrets(
            data: folder, key: .of(ProcessInfo.processInfo.environment, data: folder))
        self.runtime = try ProcessRuntime(
            data: folder, blobs: blobs, probe: self.probe, logger: logger, secrets: secrets,
            unpack: { file, place in try await workshop.archive.unpack(file, into: place) },
            requestsUnderWay: { key in try await router.requestsUnderWay(key) })
        let commands = ShellCommandRunner(folder: folder + "/commands", workshop: workshop)
        let work = WorkFolders(
            builds: folder + "/builds", commands: folder + "/commands", mirrors: folder + "/repositories")
        let doors = Doors(
            blobs: blobs, source: source,
            builder: LocalBuilder(folder: folder + "/builds", workshop: workshop),
            commands: commands, probe: self.probe, runtime: self.runtime, router: router,
            messenger: LocalMessenger(commands: commands, client: self.client), secrets: secrets,
            room: { DiskRoom(of: folder) }, clearWork: { try await work.clear($0) })
        let journal = Journal(ledger: self.ledger, time: clock, news: News())
        let client = self.client
        let signIn = try serving.map { try Self.signIn($0, client, journal) }
        self.plane = ControlPlane(
            journal: journal, doors: doors, zones: SystemZones(), logger: logger,
            signIn: signIn)
    }

    private static func signIn(
        _ options: ServeOptions, _ client: HTTPClient, _ journal: Journal
    ) throws -> SignInParts {
        let folder = options.dataFolder
        let key = SecretKeys.Place.of(
            ProcessInfo.processInfo.environment, data: folder, file: FileCredentials.keyFileName)
        return SignInParts(
            desk: SignInDesk(store: FileCredentials(data: folder, key: key)),
            provider: try options.identityProvider(WebClient(client)), people: .directory(journal))
    }

    /// Seals the ledger and gives the folder back. What serves goes on serving.
    func close() async throws {
        self.plane.journal.news.finish()
        try await self.ledger.close()
        try await self.probe.close()
        try await self.client.shutdown()
    }

    /// The person who runs this, for the record: the user of the operating system.
    static var user: Actor { .person(NSUserName()) }

    /// That person, with all rights: who can read the folder owns it.
    static var owner: Engine.Caller { Engine.Caller(actor: Self.user, mayAdminister: true) }
}
