import APIClient
import Demo

/// A canary of the sample service that takes seconds: what is decided is the same, from fewer requests.
enum Canary {
    /// Without a verify, whose requests would be counted among those of the load.
    static func production(_ steps: String, atLeast: String, bake: String) -> String {
        """
            strategy:
              canary: { steps: \(steps), each: { atLeast: \(atLeast), atMost: 2m }, observe: 1s }
            objective: { errors: 10% }
            bake: \(bake)
            keepWarm: 10m
            drain: 1s

        """
    }

    /// Applies the repository's file with this canary in production.
    static func define(
        _ site: Site, _ client: APIClient, steps: String = "[25, 50, 100]", atLeast: String = "1s",
        bake: String = "2s"
    ) async throws {
        let file = try site.repository.serviceFile()
        let lines = file.split(separator: "\n", omittingEmptySubsequences: false)
        // Up to the environment's strategy its own lines stay: where it listens, and what it comes after.
        let production = lines.firstIndex { $0.hasPrefix("  production:") } ?? lines.endIndex
        let strategy = lines[production...].firstIndex { $0.hasPrefix("    strategy:") } ?? lines.endIndex
        let text =
            lines[..<strategy].joined(separator: "\n") + "\n"
            + Self.production(steps, atLeast: atLeast, bake: bake)
        let applied = try await client.apply(
            Wire.Apply(file: text, repository: site.repository.folder, plan: false))
        guard applied.changed else { throw Site.Missing(description: "the canary was not applied: \(applied)") }
    }
}
