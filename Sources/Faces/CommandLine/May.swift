import ArgumentParser

/// A right and where it holds, on the command line: `view`, `promote:shop`, `promote:shop/production`, `approve:*/production`.
struct May: ExpressibleByArgument, Sendable, Equatable {
    let right: String
    /// As the server writes it.
    let scope: String

    static let rights = ["view", "propose", "promote", "approve", "operate", "administer"]

    init?(argument: String) {
        let parts = argument.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        guard let right = parts.first, Self.rights.contains(right), parts.count <= 2 else { return nil }
        self.right = right
        guard parts.count == 2 else {
            self.scope = "organisation"
            return
        }
        let names = parts[1].split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        switch names.count {
        case 1 where Identifier.service.fits(names[0]): self.scope = "service:\(names[0])"
        case 2 where names[0] == "*" && Identifier.environment.fits(names[1]): self.scope = "environment:\(names[1])"
        case 2 where Identifier.service.fits(names[0]) && Identifier.environment.fits(names[1]):
            self.scope = "lane:\(names[0])/\(names[1])"
        default: return nil
        }
    }
}
