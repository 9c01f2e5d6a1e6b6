package import Core

extension EnvironmentDefinition {
    /// In what this environment differs from another one of its service, but for addresses, gates, order and notices.
    ///
    /// `secrets`: names that have a value of their own in each.
    package func differences(
        from other: EnvironmentDefinition, secrets: (here: [SecretName], there: [SecretName])
    ) -> [EnvironmentDifference] {
        typealias Key = EnvironmentDifference.Key
        let texts: [(Key, (EnvironmentDefinition) -> String)] = [
            (.replicas, { $0.replicas.map(String.init) ?? "as the release says" }),
            (.strategy, \.strategy.text),
            (.verify, { Self.list($0.verify.map(\.text)) }),
            (.bake, { DurationText.write($0.bake) }),
            (.drain, { DurationText.write($0.drain) }),
            // Values may differ by their nature; a name that is missing makes another program.
            (.variables, { Self.list($0.variables.keys.sorted()) }),
            (
                .objective,
                { "errors \(PercentText.write(($0.objective ?? .standard).perMillion, decimals: 4))" }
            ),
            (.noData, { ($0.noData ?? .standard).text }),
            (.userKey, { $0.userKey?.text ?? "a cookie of the router" }),
            (.previewHeader, \.previewHeader),
        ]
        var found = texts.compactMap { key, text in
            let (here, there) = (text(self), text(other))
            return here == there ? nil : EnvironmentDifference(key: key, here: here, there: there)
        }
        let names = (here: secrets.here.map(\.text).sorted(), there: secrets.there.map(\.text).sorted())
        if names.here != names.there {
            found.append(
                EnvironmentDifference(key: .secrets, here: Self.list(names.here), there: Self.list(names.there)))
        }
        return found
    }

    private static func list(_ texts: [String]) -> String { texts.isEmpty ? "none" : texts.joined(separator: ", ") }
}

extension Definition {
    /// In what an environment differs from the one that it is to be `like`, but for what may differ; nil: it is to be like none.
    package func unlikeness(of name: EnvironmentName, secrets: [SecretRecord]) -> [EnvironmentDifference]? {
        guard let here = self[name], let like = here.like, let there = self[like.environment] else { return nil }
        let names = { (environment: EnvironmentName) in
            secrets.filter { !$0.isRemoved && $0.environment == environment }.map(\.name)
        }
        return here.differences(from: there, secrets: (names(name), names(like.environment)))
            .filter { !like.except.contains($0.key) }
    }
}
