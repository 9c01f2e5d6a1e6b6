import APIClient
import ArgumentParser

struct BackUp: Verb {
    static let configuration = CommandConfiguration(
        commandName: "backup", abstract: "Copy the whole record into one new file.",
        discussion: """
            With or without a running server: the ledger as it stands, verified, and the logs, results and artifacts \
            that it names. A tar file; `slipway restore FILE` makes a data folder from it. Secrets are in it encrypted; without \
            their key they can't be read, so keep secret.key at another place, or give --with-key. 1 if something damaged was \
            left out.
            """)

    @Argument(help: "The new file.")
    var file: String
    @Flag(help: "With the key of the secrets: whoever has the file can then read them.")
    var withKey = false
    @OptionGroup var format: Format
    @OptionGroup var place: Place

    mutating func validate() throws { try self.place.needsFolder("backup") }

    func run(in session: Session) async throws -> Ending {
        let made = try await session.wiring.backUp(
            session.dataFolder(self.place), session.shell.absolute(self.file), self.withKey)
        let secrets =
            made.secrets == 0
            ? "" : ", \(made.secrets) encrypted secrets (\(made.hasKey ? "with" : "without") their key)"
        let lines =
            [
                "\(made.file): the record up to position \(made.position), \(made.blobs) blobs\(secrets), \(megabytes(made.bytes))."
            ]
            + made.damaged.map { "Damaged in the data folder and left out: \($0)." }
        try session.show(made, json: self.format.json, lines)
        return made.damaged.isEmpty ? .done : .refused
    }
}

struct Restore: Verb {
    static let configuration = CommandConfiguration(
        abstract: "Make a data folder from a backup.",
        discussion: """
            Checks every file and the whole chain first. A folder that has a record is moved aside after asking, or \
            with --yes; one that a server uses is refused, and one whose instances still run, which nothing would look after \
            any more.
            """)

    @Argument(help: "A file that `slipway backup FILE` made.")
    var file: String
    @Flag(help: "Don't ask.")
    var yes = false
    @Flag(help: "Let instances and routers of the folder that is moved aside run on; they hold their addresses.")
    var leaveRunning = false
    @OptionGroup var format: Format
    @OptionGroup var place: Place

    mutating func validate() throws { try self.place.needsFolder("restore") }

    func run(in session: Session) async throws -> Ending {
        let order = OfflineRestore(
            file: session.shell.absolute(self.file), dataFolder: session.dataFolder(self.place),
            leavesRunning: self.leaveRunning)
        let restored = try await session.wiring.restore(order) { question in
            let answer = self.yes ? "y" : session.shell.ask(question + " [y/N] ") ?? ""
            return ["y", "yes"].contains(answer.lowercased())
        }
        var lines = [
            "\(restored.folder) holds the record up to position \(restored.position), as it was at "
                + "\(restored.madeAt). `slipway serve` brings back what served then."
        ]
        if let aside = restored.movedAside { lines.append("What was there before: \(aside)") }
        try session.show(restored, json: self.format.json, lines)
        return .done
    }
}

struct Prune: Verb {
    static let configuration = CommandConfiguration(
        abstract: "Remove the content of releases that nothing needs any more.",
        discussion: """
            Artifacts, logs and results go; the record of them stays. What serves, is warm, waits or can be rolled back \
            to is kept, and the 10 newest releases of each service. Also goes what no record names: content of builds that \
            were killed, and folders and logs of work that ended more than an hour ago. Works without a running server too.
            """)

    @Flag(help: "Only say what would go.")
    var dryRun = false
    @OptionGroup var format: Format
    @OptionGroup var place: Place

    func run(in session: Session) async throws -> Ending {
        let prune = Wire.Prune(dryRun: self.dryRun)
        let pruned = try await session.either(self.place) { client in
            try await client.prune(prune)
        } offline: { folder in
            try await session.wiring.offlinePrune(folder, prune)
        }
        var lines = pruned.releases.map { "\($0.service) \($0.version) (\($0.release)): \(megabytes($0.bytes))" }
        lines.append(
            "\(pruned.releases.count) releases \(pruned.dryRun ? "would be" : "were") pruned, "
                + "\(megabytes(pruned.bytes)); \(pruned.kept) are kept.")
        if pruned.orphans + pruned.work > 0 {
            lines.append(
                "\(pruned.orphans) files that no record names \(pruned.dryRun ? "would go" : "went"), "
                    + "\(megabytes(pruned.orphanBytes)); of \(pruned.work) builds and commands what they left behind, "
                    + "\(megabytes(pruned.workBytes)).")
        }
        try session.show(pruned, json: self.format.json, lines)
        return .done
    }
}

extension Place {
    /// Of a verb that reads or writes the folder itself.
    fileprivate func needsFolder(_ verb: String) throws {
        guard self.server == nil else {
            throw ValidationError(
                "\(verb) works on the data folder of this machine: leave out --server, and name the folder with --data."
            )
        }
    }
}

/// For example `3.0 MB`.
private func megabytes(_ bytes: Int64) -> String {
    let tenths = (bytes + 50_000) / 100_000
    return "\(tenths / 10).\(tenths % 10) MB"
}
