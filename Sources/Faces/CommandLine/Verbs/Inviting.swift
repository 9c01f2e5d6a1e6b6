import APIClient
import ArgumentParser

extension PersonVerbs {
    struct Invite: Verb {
        static let configuration = CommandConfiguration(
            abstract: "Make a link that sets a person's password once, within a day.",
            discussion: "For who comes new, and for who lost a password: the one of now is good until the link is used."
        )
        @Argument(help: "The person's id.")
        var person: String
        @OptionGroup var format: Format
        @OptionGroup var place: Place

        mutating func validate() throws { try Identifier.person.check(self.person) }

        func run(in session: Session) async throws -> Ending {
            let made = try await session.client(self.place) { try await $0.invite(self.person) }
            try session.show(
                made, json: self.format.json,
                [
                    "Give this link to \(Plain.line(made.person)), and to nobody else:", "  \(Plain.line(made.link))",
                    "It sets the password once, until \(TimeText.second(made.expiresAt)).",
                ])
            return .done
        }
    }
}
