import APIClient
import ArgumentParser

struct ReleaseVerbs: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "release", abstract: "Build releases, and look at them.",
        subcommands: [Create.self, List.self, Show.self])

    struct Create: Verb {
        static let configuration = CommandConfiguration(
            abstract: "Make a release of a commit of the repository at hand; waits until its build ended.")

        @Option(help: ArgumentHelp("Commit, tag or branch.", valueName: "ref"))
        var ref = "HEAD"
        @Option(
            help: ArgumentHelp(
                "Another one than that at hand: a folder of the server's machine, or an address.", valueName: "place"))
        var repository: String?
        @Option(help: ArgumentHelp("A file that was built elsewhere, instead of the build.", valueName: "file"))
        var artifact: String?
        @Option(
            help: ArgumentHelp(
                "Force this version, instead of the one that the commits ask for.", valueName: "version"))
        var version: String?
        @Flag(help: "Return as soon as the build has started.")
        var noWait = false
        @OptionGroup var format: Format
        @OptionGroup var place: Place

        mutating func validate() throws { try Identifier.version.check(self.version) }

        func run(in session: Session) async throws -> Ending {
            let create = Wire.CreateRelease(
                repository: session.shell.repository(self.repository) ?? session.shell.folder, ref: self.ref,
                version: self.version,
                artifact: self.artifact.map(session.shell.absolute))
            return try await session.client(self.place) { client in
                var release = try await client.createRelease(create)
                if !self.noWait {
                    release = try await BuildWatch(session: session, client: client).ended(release)
                }
                try session.show(release, json: self.format.json, ReleaseText.one(release))
                switch release.state {
                case .building, .built:
                    return .done
                case .failed:
                    session.shell.err(
                        "slipway: The build of \(release.service) \(release.version) failed"
                            + (release.reason.map { ": \($0)" } ?? ".")
                            + "\n  Its version is still free: mend it, commit, and create again.")
                    return .refused
                }
            }
        }
    }

    struct List: Verb {
        static let configuration = CommandConfiguration(abstract: "List releases, newest first.")

        @Argument(help: "Only those of this service.")
        var service: String?
        @Option(help: ArgumentHelp("At most so many.", valueName: "count"))
        var limit = 20
        @OptionGroup var format: Format
        @OptionGroup var place: Place

        mutating func validate() throws { try Identifier.service.check(self.service) }

        func run(in session: Session) async throws -> Ending {
            let releases = try await session.client(self.place) {
                try await $0.releases(service: self.service, limit: self.limit)
            }
            try session.show(releases, json: self.format.json, ReleaseText.list(releases))
            return .done
        }
    }

    struct Show: Verb {
        static let configuration = CommandConfiguration(abstract: "Show one release.")

        @Argument(help: "Id (r-…) or SERVICE@VERSION.")
        var release: String
        @OptionGroup var format: Format
        @OptionGroup var place: Place

        mutating func validate() throws { try Identifier.release.check(self.release) }

        func run(in session: Session) async throws -> Ending {
            let release = try await session.client(self.place) { try await $0.release(self.release) }
            try session.show(release, json: self.format.json, ReleaseText.one(release))
            return .done
        }
    }
}

/// Follows a build to its end. Its output goes to standard error, as it comes.
struct BuildWatch {
    let session: Session
    let client: APIClient

    func ended(_ created: Wire.Release) async throws -> Wire.Release {
        var release = created
        var offset = 0
        if release.state == .building {
            self.session.shell.err("Building \(release.service) \(release.version) (\(release.id))")
        }
        while true {
            // The state first: what the log holds after it has ended is the whole log.
            let isBuilding = release.state == .building
            if created.state == .building { offset = try await self.print(release.id, from: offset) }
            if !isBuilding { return release }
            try await Task.sleep(for: self.session.pause)
            release = try await self.client.release(release.id)
        }
    }

    private func print(_ id: String, from start: Int) async throws -> Int {
        var offset = start
        while true {
            let output = try await self.client.releaseLog(id, offset: offset)
            let text = output.text.hasSuffix("\n") ? String(output.text.dropLast()) : output.text
            for line in text.split(separator: "\n", omittingEmptySubsequences: false) where !output.text.isEmpty {
                self.session.shell.err("  | " + Plain.line(String(line)))
            }
            guard output.next > offset, !output.isComplete else { return output.next }
            offset = output.next
        }
    }
}
