package import Core
import Ports

/// Who asks: from the token or the session that came with the request.
package struct Caller: Sendable, Equatable {
    package let actor: Actor
    /// Of the token of who runs the server: an administrator, whatever the directory says.
    package let mayAdminister: Bool
    /// nil: all that the actor may do.
    package let scope: Access.Scope?
    /// What the token is good for, of what the actor may do; nil: all of that.
    package let rights: [Access.TokenRight]?

    package init(
        actor: Actor, mayAdminister: Bool = false, scope: Access.Scope? = nil, rights: [Access.TokenRight]? = nil
    ) {
        self.actor = actor
        self.mayAdminister = mayAdminister
        self.scope = scope
        self.rights = rights
    }

    init(_ token: Access.Token) {
        self.init(
            actor: token.owner, mayAdminister: token.mayAdminister, scope: token.scope, rights: token.rights)
    }
}

/// What a caller may do, as the directory stands: the one place where rights are told from tokens and grants.
package struct Standing: Sendable {
    package let caller: Caller
    package let directory: Directory
    package let now: Instant

    /// `ofReleases`: it is about a service's releases, which is all that a token of version 2 with a scope is good for.
    package func allows(_ right: Right, on scope: AccessScope, ofReleases: Bool = false) -> Bool {
        guard self.ownRights(on: scope).contains(right) else { return false }
        if let rights = self.caller.rights {
            return rights.contains { $0.scope.lets($0.right, right, on: scope) }
        }
        switch self.caller.scope {
        case nil: return true
        case .release(let services):
            guard ofReleases, right == .propose || right == .view, case .service(let name) = scope else { return false }
            return services.contains(name)
        }
    }

    package func sees(_ scope: AccessScope) -> Bool { self.allows(.view, on: scope) }

    /// There is something to be seen: lists show that, and nothing else.
    var seesSomething: Bool {
        if self.sees(.organisation) { return true }
        guard self.caller.scope == nil, self.caller.rights.map({ !$0.isEmpty }) ?? true else { return false }
        let isKnown = self.directory.holds(self.caller.actor)
        return isKnown ? self.directory.hasAnyRight(self.caller.actor, at: self.now) : self.caller.rights != nil
    }

    /// Without what the token takes away.
    private func ownRights(on scope: AccessScope) -> Set<Right> {
        let actor = self.caller.actor
        if let rights = self.directory.rights(of: actor, on: scope, at: self.now) {
            return self.caller.mayAdminister ? rights.union(Right.administer.included) : rights
        }
        // Who is not in the directory has what tokens gave before there was one.
        var rights: Set<Right> = self.caller.mayAdminister ? [.administer] : []
        switch actor {
        case .person: rights.formUnion([.view, .propose, .promote, .operate, .approve])
        case .serviceAccount: rights.formUnion([.view, .propose, .promote, .operate])
        case .schedule: rights.insert(.propose)
        case .judge, .system: break
        }
        // A token that names its rights was made by an administrator for just those.
        if self.caller.rights != nil, actor.isNamed { rights.insert(.administer) }
        return rights
    }
}

extension ControlPlane {
    package func standing(of caller: Caller) async throws -> Standing {
        Standing(
            caller: caller, directory: try await self.journal.directory().machine, now: self.journal.time.now())
    }

    /// The only gate. A refusal for lack of right is on record, the same at most once a minute.
    ///
    /// `ofReleases`: it is about the service's releases. `what`: what it is about, where the scope alone says too little.
    func authorize(
        _ caller: Caller, _ right: Right, on scope: AccessScope, ofReleases: Bool = false, _ what: String? = nil
    ) async throws {
        let standing = try await self.standing(of: caller)
        guard !standing.allows(right, on: scope, ofReleases: ofReleases) else { return }
        try await self.refuse(standing, right, scope, what)
    }

    /// The gate of lists: who may see anything passes, and gets what tells which lines to show.
    func authorizeList(_ caller: Caller, _ what: String) async throws -> Standing {
        let standing = try await self.standing(of: caller)
        if !standing.seesSomething { try await self.refuse(standing, .view, .organisation, what) }
        return standing
    }

    private func refuse(_ standing: Standing, _ right: Right, _ scope: AccessScope, _ what: String?) async throws {
        let actor = standing.caller.actor
        let record = scope.description + (what.map { " (\($0))" } ?? "")
        try await self.journal.decide(Access.self, .access, by: actor) { now in
            .refuse(Access.Refused(actor: actor, intent: right.rawValue, scope: record, at: now))
        }
        throw Refusal(.notAllowed, standing.refusal(right, scope, what ?? scope.words))
    }
}

extension Standing {
    /// What is missing, who could give it, and how.
    fileprivate func refusal(_ right: Right, _ scope: AccessScope, _ what: String) -> String {
        let actor = self.caller.actor
        let isOwn = self.ownRights(on: scope).contains(right)
        if isOwn, case .release(let services) = self.caller.scope {
            let names = services.map(\.text).joined(separator: ", ")
            return
                "This token is good for releases of \(names) alone, not to \(right.rawValue) \(what). Use another token."
        }
        if isOwn {
            return
                "This token is not good to \(right.rawValue) \(what), though \(actor) may. Use another token, or have one "
                + "made: `slipway token add NAME --may \(Self.words(right, scope))`."
        }
        let start = "\(actor) has no right to \(right.rawValue) \(what)."
        guard self.directory.holds(actor) else { return "\(start) An administrator's token is needed." }
        if right == .approve, actor.personID == nil { return "\(start) A change is approved by people." }
        let names = self.directory.administrators(of: scope)
        let who =
            names.isEmpty
            ? "Who runs the server" : names.prefix(3).joined(separator: ", ") + (names.count > 3 ? " and others" : "")
        return "\(start) \(who) can grant it: `slipway grant add \(Self.words(right, scope)) --to \(actor)`."
    }

    /// `promote:shop/production`, as `--may` and `grant add` take it.
    private static func words(_ right: Right, _ scope: AccessScope) -> String {
        switch scope {
        case .organisation: right.rawValue
        case .service(let name): "\(right.rawValue):\(name)"
        case .environment(let name): "\(right.rawValue):*/\(name)"
        case .lane(let lane): "\(right.rawValue):\(lane)"
        }
    }
}
