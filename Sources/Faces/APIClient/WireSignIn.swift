extension Wire {
    /// A browser that somebody is signed in at.
    package struct Session: Codable, Sendable, Equatable {
        /// Names it in lists; opens nothing.
        package var name: String
        package var actor: String
        /// `password`, `link`, `token NAME`, or the provider's address.
        package var means: String
        package var address: String
        package var agent: String
        package var createdAt: String
        /// To within five minutes.
        package var lastUsedAt: String

        package init(
            name: String, actor: String, means: String, address: String, agent: String, createdAt: String,
            lastUsedAt: String
        ) {
            self.name = name
            self.actor = actor
            self.means = means
            self.address = address
            self.agent = agent
            self.createdAt = createdAt
            self.lastUsedAt = lastUsedAt
        }
    }

    /// A link that sets a person's password once.
    package struct Invitation: Codable, Sendable, Equatable {
        package var person: String
        package var link: String
        package var expiresAt: String

        package init(person: String, link: String, expiresAt: String) {
            self.person = person
            self.link = link
            self.expiresAt = expiresAt
        }
    }

    /// `POST /people/{person}/invite`
    package struct Invite: Codable, Sendable, Equatable {
        package init() {}
    }

    /// `DELETE /sessions`, `DELETE /sessions/{session}`
    package struct SessionsEnded: Codable, Sendable, Equatable {
        package var ended: Int

        package init(ended: Int) { self.ended = ended }
    }
}
