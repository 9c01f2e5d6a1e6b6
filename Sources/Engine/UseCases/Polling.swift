package import Core

extension ControlPlane {
    package struct Polled: Sendable, Equatable {
        package let branch: String
        package let repository: String
    }

    /// Looks at the branch that a service watches now, and not at the next turn: what a hook of the repository asks for. Returns at once.
    package func poll(_ name: ServiceName, by caller: Caller) async throws -> Polled {
        try await self.authorize(caller, .propose, on: .service(name), ofReleases: true)
        let service = try await self.known(name).machine
        guard let branch = service.watch else {
            throw Refusal(
                .wrongState,
                "\(name) watches no branch. Write `watch: BRANCH` into its slipway.yaml and run `slipway apply`.")
        }
        self.branchPokes.poke(name)
        return Polled(branch: branch, repository: service.repository)
    }
}
