import APIClient
import Core
package import Engine
import Ports
import ServiceFile

extension Operations {
    /// The operations of a real control plane: wire types in, use cases called, wire types out.
    /// - Parameters:
    ///   - owner: who acts where no token is asked for, on a data folder without a server.
    ///   - address: where browsers reach the server: what links begin with.
    package init(_ plane: ControlPlane, owner: Engine.Caller? = nil, address: @escaping @Sendable () -> String = { "" })
    {
        let bridge = Bridge(plane: plane, owner: owner)
        self.init(
            authenticate: { secret in try await bridge.saying { try await bridge.authenticate(secret) } },
            status: { caller, service in try await bridge.saying { try await bridge.status(caller, service) } },
            apply: { caller, body in try await bridge.saying { try await bridge.apply(caller, body) } },
            service: { caller, name in try await bridge.saying { try await bridge.service(caller, name) } },
            poll: { caller, name in try await bridge.saying { try await bridge.poll(caller, name) } },
            createRelease: { caller, body in try await bridge.saying { try await bridge.createRelease(caller, body) } },
            releases: { caller, service, limit in
                try await bridge.saying { try await bridge.releases(caller, service, limit) }
            },
            release: { caller, text in try await bridge.saying { try await bridge.release(caller, text) } },
            releaseLog: { caller, text, offset in
                try await bridge.saying { try await bridge.releaseLog(caller, text, offset) }
            },
            prune: { caller, body in try await bridge.saying { try await bridge.prune(caller, body) } },
            promote: { caller, body in try await bridge.saying { try await bridge.promote(caller, body) } },
            promotion: { caller, id in try await bridge.saying { try await bridge.promotion(caller, id) } },
            traffic: { caller, id, points in
                try await bridge.saying { try await bridge.traffic(caller, id, points) }
            },
            actOnPromotion: { caller, id, verb, act in
                try await bridge.saying { try await bridge.act(caller, id, verb, act) }
            },
            queue: { caller in try await bridge.saying { try await bridge.queue(caller) } },
            lane: { caller, service, environment in
                try await bridge.saying { try await bridge.lane(caller, service, environment) }
            },
            rollback: { caller, service, environment, act in
                try await bridge.saying { try await bridge.rollback(caller, service, environment, act) }
            },
            rollbackPlan: { caller, service, environment, version in
                try await bridge.saying { try await bridge.rollbackPlan(caller, service, environment, version) }
            },
            actOnLane: { caller, service, environment, verb, act in
                try await bridge.saying { try await bridge.act(caller, service, environment, verb, act) }
            },
            logs: { caller, service, environment, lines, offset in
                try await bridge.saying { try await bridge.logs(caller, service, environment, lines, offset) }
            },
            changes: { caller, state in try await bridge.saying { try await bridge.changes(caller, state) } },
            change: { caller, id in try await bridge.saying { try await bridge.change(caller, id) } },
            actOnChange: { caller, id, verb, act in
                try await bridge.saying { try await bridge.act(caller, id, verb, act) }
            },
            calendar: CalendarOperations(bridge),
            audit: AuditOperations(bridge),
            secrets: SecretOperations(bridge),
            signIn: SignInOperations(bridge, address: address),
            people: PeopleOperations(bridge),
            events: { caller, stream, after, limit in
                try await bridge.saying { try await bridge.events(caller, stream, after, limit) }
            },
            positions: { after in bridge.positions(after) },
            why: { caller, id in try await bridge.saying { try await bridge.why(caller, id) } },
            tokens: { caller in try await bridge.saying { try await bridge.tokens(caller) } },
            addToken: { caller, body in try await bridge.saying { try await bridge.addToken(caller, body) } },
            revokeToken: { caller, name in try await bridge.saying { try await bridge.revokeToken(caller, name) } })
    }
}

/// The control plane, seen from the wire.
struct Bridge: Sendable {
    let plane: ControlPlane
    let owner: Engine.Caller?

    /// Turns what the rings below refuse into problems that a person can act on.
    func saying<T: Sendable>(_ body: () async throws -> T) async throws -> T {
        do {
            return try await body()
        } catch let refusal as Core.Refusal {
            throw refusal.problem
        } catch let error as ServiceFileError {
            throw Wire.Problem.mistakes(error.description)
        } catch let error as SourceError {
            throw Wire.Problem(
                title: "The repository can't be used", status: 400, detail: error.description, code: error.code.rawValue
            )
        } catch let error as LedgerError {
            throw error.problem
        }
    }

    func caller(_ caller: Caller) async throws -> Engine.Caller {
        if let owner { return owner }
        if let session = caller.session {
            guard let (_, known) = try await self.plane.caller(session: session) else {
                throw Wire.Problem(
                    title: "Not signed in", status: 401, detail: "Your session is over: sign in again.",
                    code: "unauthorized")
            }
            return known
        }
        guard let known = try await self.plane.caller(holding: caller.token) else {
            throw Wire.Problem(
                title: "Not signed in", status: 401, detail: "The token `\(caller.token)` was revoked.",
                code: "unauthorized")
        }
        return known
    }

    // MARK: Reading what came in

    func service(_ text: String) throws -> ServiceName {
        guard let name = ServiceName(text) else {
            throw Core.Refusal(.invalid, "`\(text.prefix(80))` is no service name: \(ServiceName.rule).")
        }
        return name
    }

    func lane(_ service: String, _ environment: String) throws -> LaneID {
        LaneID(service: try self.service(service), environment: try self.environment(environment))
    }

    func environment(_ text: String) throws -> EnvironmentName {
        guard let name = EnvironmentName(text) else {
            throw Core.Refusal(.invalid, "`\(text.prefix(80))` is no environment name: \(EnvironmentName.rule).")
        }
        return name
    }

    /// `SERVICE/ENVIRONMENT/NUMBER`
    func promotion(_ text: String) throws -> (LaneID, Int) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 3, let number = Int(parts[2]), number > 0 else {
            throw Core.Refusal(
                .invalid, "`\(text.prefix(120))` is no promotion. Its form is SERVICE/ENVIRONMENT/NUMBER.")
        }
        return (try self.lane(parts[0], parts[1]), number)
    }

    func change(_ text: String) throws -> ChangeID {
        guard let id = ChangeID(text) else {
            throw Core.Refusal(.invalid, "`\(text.prefix(120))` is no change: \(ChangeID.rule).")
        }
        return id
    }

    func reason(_ act: Wire.Act) throws -> String {
        let reason = String(act.reason.prefix(500))
        guard reason.contains(where: { !$0.isWhitespace }) else {
            throw Core.Refusal(.invalid, "A reason is needed: it stands in the record. Give it with --reason.")
        }
        return reason
    }
}

extension Wire.Problem {
    /// Of a service's file.
    static func mistakes(_ detail: String) -> Wire.Problem {
        Wire.Problem(title: "The service's file has mistakes", status: 400, detail: detail, code: "invalidFile")
    }
}

extension Core.Refusal {
    fileprivate var problem: Wire.Problem {
        let (status, title): (Int, String) =
            switch self.code {
            case .notFound: (404, "Not found")
            case .notAllowed, .authorIsApprover: (403, "Not allowed")
            case .invalid: (400, "Invalid")
            case .unsupported: (400, "Not in this version")
            case .alreadyExists, .alreadyRunning, .blocked, .held, .pinned, .notVerified, .nothingToDo, .superseded,
                .wrongState, .conflict, .forwardOnly:
                (409, "Refused")
            }
        return Wire.Problem(title: title, status: status, detail: self.message, code: self.code.rawValue)
    }
}

extension LedgerError {
    fileprivate var problem: Wire.Problem {
        switch self.code {
        case .conflict:
            Wire.Problem(
                title: "Too many at once", status: 409, detail: "Others changed the same things meanwhile; try again.",
                code: "conflict")
        case .cannotWrite:
            Wire.Problem(title: "Can't write", status: 503, detail: self.message, code: self.code.rawValue)
        case .staleTerm, .inUse, .damaged, .newer, .closed:
            Wire.Problem(
                title: "The ledger is not to be had", status: 503, detail: self.message, code: self.code.rawValue)
        case .invalid:
            Wire.Problem(title: "Invalid", status: 400, detail: self.message, code: self.code.rawValue)
        }
    }
}
