import APIClient
import CommandLine
import Engine
import Foundation
import HTTPAPI
import LocalTarget
import Logging
import ServiceLifecycle
import SQLiteStore
import UnixSignals

/// Runs until it is cancelled or the process shuts down.
private struct Loop: Service {
    let body: @Sendable () async -> Void
    func run() async throws {
        await cancelWhenGracefulShutdown { await self.body() }
    }
}

/// `slipway serve`: everything of one data folder, until SIGTERM or SIGINT.
func serve(_ options: ServeOptions) async throws {
    let logger = Logger(label: "slipway")
    // Before anything is made: who can't listen, or may not, leaves nothing behind.
    try options.security.check(host: options.host)
    try await APIServer.checkAddress(host: options.host, port: options.port)
    let assembly = try await Assembly(folder: options.dataFolder, path: searchPath(), logger: logger, serving: options)
    let served = ServedAddress(options.address)
    let (plane, runtime, router, ledger) = (assembly.plane, assembly.runtime, assembly.router, assembly.ledger)
    let folder = options.dataFolder
    if options.rebuilds {
        let rows = try await plane.rebuildProjections(by: Assembly.owner)
        logger.notice("the rows of all lists were made anew from the events: \(rows)")
    }
    let tokenFile = "\(folder)/\(Connection.ServerFile.tokenName)"
    let known = try? String(contentsOfFile: tokenFile, encoding: .utf8).trimmingCharacters(in: .whitespacesAndNewlines)
    let token = try await plane.localToken(owner: Assembly.user, keeping: known)
    try writePrivately(Data((token + "\n").utf8), to: tokenFile)
    let api = APIServer(
        operations: Operations(plane, address: { served.text }), host: options.host, port: options.port,
        security: options.security, logger: logger,
        onListening: { address in
            ledger.announce(address)
            if options.publicAddress == nil { served.set(address) }
            let file = options.serverFile(listeningAt: address)
            do {
                try writePrivately(try JSONEncoder().encode(file), to: "\(folder)/\(Connection.ServerFile.name)")
                // Written at once, also where nobody looks: a killed server must not take its address along.
                try say("slipway serves \(address), data in \(folder)")
            } catch {
                logger.error("\(folder)/\(Connection.ServerFile.name) could not be written: \(error)")
            }
            await sayFirstLink(plane, served)
        })
    var services: [any Service] = [
        Loop { await runtime.run() }, Loop { await router.run() }, plane.conductor, api,
    ]
    if !ledger.isCheckedWhole { services.append(Loop { await plane.ledgerCheck.run() }) }
    var configuration = ServiceGroupConfiguration(
        services: services.map {
            .init(service: $0, successTerminationBehavior: .ignore, failureTerminationBehavior: .cancelGroup)
        },
        gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
    configuration.maximumGracefulShutdownDuration = .seconds(2)
    let group = ServiceGroup(configuration: configuration)
    let outcome: Result<Void, any Error>
    do {
        try await group.run()
        outcome = .success(())
    } catch {
        outcome = .failure(error)
    }
    try await assembly.close()
    try outcome.get()
}

/// Who administers signs in by this, as long as nobody has a password.
private func sayFirstLink(_ plane: ControlPlane, _ served: ServedAddress) async {
    do {
        guard let (secret, link) = try await plane.firstLink() else { return }
        try say("\(link.person) sets a password by this link, once and within a day: \(served.text)/link/\(secret)")
    } catch {
        plane.logger.error("no link for the administrator could be made: \(error)")
    }
}

private func say(_ line: String) throws {
    try FileHandle.standardOutput.write(contentsOf: Data((line + "\n").utf8))
}

/// Written beside it and moved into place; readable by this user alone.
private func writePrivately(_ data: Data, to path: String) throws {
    let temporary = "\(path).\(getpid())"
    guard FileManager.default.createFile(atPath: temporary, contents: data, attributes: [.posixPermissions: 0o600]),
        rename(temporary, path) == 0
    else {
        throw CocoaError(.fileWriteUnknown, userInfo: [NSFilePathErrorKey: path])
    }
}

func searchPath() -> String { ProcessInfo.processInfo.environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin" }
