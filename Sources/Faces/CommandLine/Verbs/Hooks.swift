import APIClient
import ArgumentParser
import Foundation
import ServiceFile

struct HookVerbs: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hook", abstract: "Let a repository tell the server of new commits.",
        subcommands: [Install.self, Poke.self])

    struct Install: Verb {
        static let configuration = CommandConfiguration(
            abstract: "Write git hooks into the repository at hand that tell the server of new commits at once.",
            discussion: "post-commit, and post-receive where it is bare. The server looks at a watched branch every "
                + "few seconds anyway. A hook never waits for the server and never fails.")

        @Flag(help: "Take the hooks away again.")
        var remove = false
        @Option(
            help: ArgumentHelp(
                "Whose branch is looked at (default: the service of the slipway.yaml at hand).", valueName: "service"))
        var service: String?
        @OptionGroup var place: Place

        mutating func validate() throws { try Identifier.service.check(self.service) }

        func run(in session: Session) async throws -> Ending {
            let repository = try await HookedRepository.find(at: session.shell.folder)
            if self.remove {
                for name in repository.hooks { session.shell.out(try repository.remove(name)) }
                return .done
            }
            let server =
                self.place.server ?? session.shell.environment["SLIPWAY_SERVER"].flatMap { $0.isEmpty ? nil : $0 }
            let place = server.map { ["--server", $0] } ?? ["--data", session.dataFolder(self.place)]
            let line = HookScript.line(
                [OwnProgram.path, "hook", "poke", try self.service ?? Self.service(in: session.shell)] + place)
            for name in repository.hooks { session.shell.out(try repository.install(name, line)) }
            return .done
        }

        private static func service(in shell: Shell) throws -> String {
            let file = shell.absolute(ServiceFile.name)
            guard let bytes = FileManager.default.contents(atPath: file) else {
                throw VerbError(.wrongUsage, "\(file) is not there: name the service with --service NAME.")
            }
            do {
                return try ServiceFile.service(in: Array(bytes))
            } catch {
                throw VerbError(.refused, error.description(of: ServiceFile.name))
            }
        }
    }

    struct Poke: Verb {
        static let configuration = CommandConfiguration(
            abstract: "Have the server look at a service's branch now: what the hooks do.")

        @Argument(help: "The service.")
        var service: String
        @OptionGroup var format: Format
        @OptionGroup var place: Place

        mutating func validate() throws { try Identifier.service.check(self.service) }

        func run(in session: Session) async throws -> Ending {
            let polled = try await session.client(self.place) { try await $0.poll(self.service) }
            try session.show(
                polled, json: self.format.json,
                ["\(Plain.line(polled.branch)) of \(Plain.line(polled.repository)) is looked at now."])
            return .done
        }
    }
}

/// The text of a hook of ours.
enum HookScript {
    /// Stands in every hook of ours, so that we know them.
    static let mark = "# Written by `slipway hook install`; `slipway hook install --remove` takes it away."

    /// In the background and with no stream of git's: a push does not wait, and what fails here is not seen.
    static func line(_ words: [String]) -> String {
        words.map(Self.quoted).joined(separator: " ") + " </dev/null >/dev/null 2>&1 &"
    }

    static func text(_ line: String) -> String { "#!/bin/sh\n\(Self.mark)\n\(line)\nexit 0\n" }

    /// Single quotes (POSIX shell, section 2.2.2): nothing between them means anything.
    private static func quoted(_ word: String) -> String {
        let isPlain = word.utf8.allSatisfy {
            (0x61...0x7A).contains($0) || (0x41...0x5A).contains($0) || (0x2D...0x3A).contains($0) || $0 == 0x5F
        }
        return isPlain && !word.isEmpty ? word : "'\(word.replacing("'", with: #"'\''"#))'"
    }
}
