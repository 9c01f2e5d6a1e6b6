import APIClient
import ArgumentParser
import Foundation

struct SecretVerbs: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "secret", abstract: "Values that instances get and nobody else sees.",
        discussion: """
            slipway.yaml names them under `run.secrets`. Values are kept encrypted, under the key in secret.key of the data \
            folder, or in SLIPWAY_SECRET_KEY or the file of SLIPWAY_SECRET_KEY_FILE of `slipway serve`.
            """,
        subcommands: [Set.self, List.self, Remove.self, RotateKey.self])

    struct Target: ParsableArguments {
        @Option(help: ArgumentHelp("The service.", valueName: "service"))
        var service: String
        @Option(
            name: .customLong("env"),
            help: ArgumentHelp(
                "This environment alone; without it, all that have no value of their own.", valueName: "env"))
        var environment: String?

        mutating func validate() throws {
            try Identifier.service.check(self.service)
            try Identifier.environment.check(self.environment)
        }
    }

    struct Set: Verb {
        static let configuration = CommandConfiguration(
            abstract: "Keep a new value. Instances get it with the next deployment.",
            discussion: """
                slipway secret set DB_PASSWORD --service shop --env production < FILE

                The value is read from standard input, or from --from FILE: an argument would be seen by everybody on this \
                machine. One line\u{2019}s end at its end is left out.
                """)
        @Argument(help: "Its name, which is that of the environment variable.")
        var name: String
        @OptionGroup var target: Target
        @Option(name: .customLong("from"), help: ArgumentHelp("Read the value from this file.", valueName: "file"))
        var file: String?
        @OptionGroup var format: Format
        @OptionGroup var place: Place

        mutating func validate() throws { try Identifier.secret.check(self.name) }

        func run(in session: Session) async throws -> Ending {
            let value = try self.value(in: session)
            let secrets = try await session.client(self.place) {
                try await $0.setSecret(
                    self.name, of: self.target.service,
                    Wire.SetSecret(environment: self.target.environment, value: value))
            }
            let made = secrets.secrets.first { $0.name == self.name && $0.environment == self.target.environment }
            try session.show(
                secrets, json: self.format.json,
                [
                    "\(self.name) has version \(made?.version ?? 0). Instances get it with the next deployment; what runs "
                        + "keeps the value that it has."
                ])
            return .done
        }

        private func value(in session: Session) throws -> String {
            let bytes: Data
            if let file {
                let path = session.shell.absolute(file)
                guard let handle = FileHandle(forReadingAtPath: path) else {
                    throw ValidationError("\(path) can't be read: name a file that is there.")
                }
                bytes = try handle.read(upToCount: Self.most) ?? Data()
            } else {
                bytes = try session.shell.input(Self.most)
            }
            guard let text = String(validating: bytes, as: UTF8.self) else {
                throw ValidationError("The value is no text in UTF-8, as an environment variable should be.")
            }
            // As swift's characters, a return and a line feed are one.
            return text.last?.isNewline == true ? String(text.dropLast()) : text
        }

        /// More than any value may have, so that the server says what is allowed.
        private static let most = 65_536
    }

    struct List: Verb {
        static let configuration = CommandConfiguration(abstract: "Names, versions, who and when; never values.")
        @Option(help: ArgumentHelp("The service.", valueName: "service"))
        var service: String
        @OptionGroup var format: Format
        @OptionGroup var place: Place

        mutating func validate() throws { try Identifier.service.check(self.service) }

        func run(in session: Session) async throws -> Ending {
            let secrets = try await session.client(self.place) { try await $0.secrets(of: self.service) }
            var lines = secrets.secrets.map { secret in
                "\(Plain.line(secret.name))  \(secret.environment.map(Plain.line) ?? "all environments")  version "
                    + "\(secret.version)  by \(Plain.line(secret.by)) at \(Plain.line(secret.at))"
            }
            if lines.isEmpty {
                lines = [
                    "\(Plain.line(self.service)) has no secrets: `slipway secret set NAME --service \(self.service)`."
                ]
            }
            try session.show(secrets, json: self.format.json, lines)
            return .done
        }
    }

    struct Remove: Verb {
        static let configuration = CommandConfiguration(
            abstract: "Take a secret out. What runs keeps it; nothing that names it is deployed any more.")
        @Argument(help: "Its name.")
        var name: String
        @OptionGroup var target: Target
        @OptionGroup var why: Reasoned
        @OptionGroup var format: Format
        @OptionGroup var place: Place

        mutating func validate() throws { try Identifier.secret.check(self.name) }

        func run(in session: Session) async throws -> Ending {
            let secrets = try await session.client(self.place) {
                try await $0.removeSecret(
                    self.name, of: self.target.service,
                    Wire.RemoveSecret(environment: self.target.environment, reason: self.why.reason))
            }
            try session.show(
                secrets, json: self.format.json, ["\(self.name) is out. What runs, or can be rolled back to, keeps it."]
            )
            return .done
        }
    }

    struct RotateKey: Verb {
        static let configuration = CommandConfiguration(
            abstract: "Encrypt all values under a new key.",
            discussion: """
                With a key from SLIPWAY_SECRET_KEY(_FILE): put the new key first and the old one after a comma, start \
                `slipway serve` anew, rotate, and take the old one out.
                """)
        @OptionGroup var why: Reasoned
        @OptionGroup var format: Format
        @OptionGroup var place: Place

        func run(in session: Session) async throws -> Ending {
            let rotated = try await session.client(self.place) {
                try await $0.rotateSecretKey(Wire.Act(reason: self.why.reason))
            }
            try session.show(
                rotated, json: self.format.json, ["\(rotated.values) values are encrypted under the new key."])
            return .done
        }
    }
}
