import APIClient
import ArgumentParser
import Foundation
import ServiceFile

struct Init: Verb {
    static let configuration = CommandConfiguration(
        abstract: "Write slipway.yaml for this repository from what is in it.")

    @Flag(help: "Write over a slipway.yaml that is there.")
    var force = false
    @OptionGroup var place: Place

    func run(in session: Session) async throws -> Ending {
        let file = session.shell.absolute("slipway.yaml")
        let folder = session.shell.folder
        let names = Set(try FileManager.default.contentsOfDirectory(atPath: folder))
        if names.contains("slipway.yaml") && !self.force {
            throw VerbError(.refused, "\(file) is there already. Change it by hand, or write it anew with --force.")
        }
        let facts = RepositoryFacts(
            folder: (folder as NSString).lastPathComponent, files: names, branch: Self.branch(of: folder))
        try Data(ServiceFile.starter(for: facts).utf8).write(to: URL(fileURLWithPath: file), options: .atomic)
        session.shell.out("Wrote \(file). Read it, change what is not so, then: slipway apply")
        return .done
    }

    /// The branch that is checked out, by git's own file (gitrepository-layout(5), HEAD).
    private static func branch(of folder: String) -> String? {
        guard let head = try? String(contentsOfFile: folder + "/.git/HEAD", encoding: .utf8),
            head.hasPrefix("ref: refs/heads/")
        else { return nil }
        return head.dropFirst("ref: refs/heads/".count).trimmingCharacters(in: .whitespacesAndNewlines)
    }
}

struct Serve: Verb {
    static let configuration = CommandConfiguration(
        abstract: "Run the server: API, pages, and the engine that releases.",
        discussion: "It writes its address, and a token that only you can read, into the data folder: there the other "
            + "verbs find both.")

    @Option(help: ArgumentHelp("Folder of the data.", valueName: "dir"))
    var data: String?
    @Option(help: ArgumentHelp("Where API and pages are.", valueName: "address:port"))
    var listen = Listen(host: "127.0.0.1", port: 8080)
    @Option(help: ArgumentHelp("What holds the ledger: sqlite.", valueName: "kind"))
    var store = Store.sqlite

    enum Store: String, ExpressibleByArgument, CaseIterable { case sqlite }

    func run(in session: Session) async throws -> Ending {
        var place = Place()
        place.data = self.data
        try await session.wiring.serve(
            ServeOptions(dataFolder: session.dataFolder(place), host: self.listen.host, port: self.listen.port))
        return .done
    }
}

struct Apply: Verb {
    static let configuration = CommandConfiguration(
        abstract: "Register or update the service that the file describes.")

    @Argument(help: "The service's file.")
    var file = "slipway.yaml"
    @Flag(help: "Only show what would change.")
    var plan = false
    @OptionGroup var format: Format
    @OptionGroup var place: Place

    func run(in session: Session) async throws -> Ending {
        let path = session.shell.absolute(self.file)
        let apply = Wire.Apply(
            file: try Self.read(path), repository: (path as NSString).deletingLastPathComponent, plan: self.plan)
        let applied = try await session.client(self.place) { try await $0.apply(apply) }
        try session.show(applied, json: self.format.json, ServiceText.applied(applied))
        return .done
    }

    private static let bytesMax = 1024 * 1024

    private static func read(_ path: String) throws -> String {
        guard let handle = FileHandle(forReadingAtPath: path),
            let data = try? handle.read(upToCount: Self.bytesMax + 1)
        else {
            throw VerbError(
                .refused, "\(path) can't be read. Name the service's file, or write one with `slipway init`.")
        }
        guard data.count <= Self.bytesMax, let text = String(validating: data, as: UTF8.self) else {
            throw VerbError(.refused, "\(path) is no text in UTF-8 of at most \(Self.bytesMax) bytes.")
        }
        return text
    }
}
