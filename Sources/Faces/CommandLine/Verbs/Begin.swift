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
        let file = session.shell.absolute(ServiceFile.name)
        let folder = session.shell.folder
        let names = Set(try FileManager.default.contentsOfDirectory(atPath: folder))
        if names.contains(ServiceFile.name) && !self.force {
            throw VerbError(.refused, "\(file) is there already. Change it by hand, or write it anew with --force.")
        }
        let root = Self.repository(around: URL(fileURLWithPath: folder, isDirectory: true).standardizedFileURL)
        if let root, root != URL(fileURLWithPath: folder, isDirectory: true).standardizedFileURL.path {
            throw VerbError(
                .refused,
                "\(folder) is a folder of the repository \(root), and \(ServiceFile.name) stands at a repository's root. "
                    + "Run `slipway init` there.")
        }
        let facts = RepositoryFacts(
            folder: (folder as NSString).lastPathComponent, files: names, branch: Self.branch(of: folder))
        try Data(ServiceFile.starter(for: facts).utf8).write(to: URL(fileURLWithPath: file), options: .atomic)
        let service = ServiceFile.serviceName(from: facts.folder)
        Self.nextSteps(file, service: service, hasRepository: root != nil).forEach(session.shell.out)
        return .done
    }

    private static func nextSteps(_ file: String, service: String, hasRepository: Bool) -> [String] {
        let git =
            hasRepository
            ? ["git add \(ServiceFile.name)"] : ["git init -b main     # releases are made of commits", "git add ."]
        let commands =
            git + [
                "git commit -m \"feat: release with Slipway\"",
                "slipway serve        # in another terminal; it stays there",
                "slipway apply", "slipway release create",
                "slipway promote \(service)@VERSION --to production --wait     # with the version that was made",
            ]
        return ["Wrote \(file). Read it, and change what is not so. Then:"] + commands.map { "  \($0)" }
    }

    /// The root of the git repository that a folder is in; nil: in none.
    private static func repository(around folder: URL) -> String? {
        var place = folder
        while true {
            // A folder, or a file in a work tree that was added (gitrepository-layout(5)).
            if FileManager.default.fileExists(atPath: place.appendingPathComponent(".git").path) { return place.path }
            if place.path == "/" { return nil }
            place.deleteLastPathComponent()
        }
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
    @Flag(help: "First make the rows of all lists anew from the events.")
    var rebuild = false
    @OptionGroup(title: "Access") var access: ServeAccess

    enum Store: String, ExpressibleByArgument, CaseIterable { case sqlite }

    func run(in session: Session) async throws -> Ending {
        var place = Place()
        place.data = self.data
        try await session.wiring.serve(
            ServeOptions(
                dataFolder: session.dataFolder(place), host: self.listen.host, port: self.listen.port,
                rebuilds: self.rebuild, transport: self.access.transport(in: session.shell),
                publicAddress: self.access.publicAddress,
                provider: try self.access.provider(in: session.shell, listen: self.listen)))
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
    @Option(
        help: ArgumentHelp(
            "Where releases are made from (default: the file's folder): a folder, or an address such as ssh://… or git@host:path.",
            valueName: "place"))
    var repository: String?
    @OptionGroup var format: Format
    @OptionGroup var place: Place

    func run(in session: Session) async throws -> Ending {
        let path = session.shell.absolute(self.file)
        let apply = Wire.Apply(
            file: try Self.read(path),
            repository: session.shell.repository(self.repository) ?? (path as NSString).deletingLastPathComponent,
            plan: self.plan,
            name: self.file)
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
