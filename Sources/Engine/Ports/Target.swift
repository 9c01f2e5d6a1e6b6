package import Core

/// The number of an engine's ownership of the ledger. Rises with every new owner; a door refuses an older one.
package struct Term: Sendable, Hashable, Comparable, Codable {
    package let number: Int
    package init(_ number: Int) { self.number = number }
    package static func < (left: Term, right: Term) -> Bool { left.number < right.number }
}

/// The instances of one release that one deployment of a lane put up. Stays the same when traffic comes back to it.
package struct CapacityKey: Sendable, Hashable, Codable, CustomStringConvertible {
    package let lane: LaneID
    /// The number of the deployment in its lane that put it up.
    package let number: Int

    package init(lane: LaneID, number: Int) {
        self.lane = lane
        self.number = number
    }

    package var description: String { "\(self.lane)#\(self.number)" }
}

/// The capacity that should be there: these instances of this content, ready.
package struct CapacityOrder: Sendable, Equatable, Codable {
    package var key: CapacityKey
    package var release: ReleaseID
    package var version: String
    package var artifact: Digest
    package var command: String
    package var replicas: Int
    package var health: HealthCheck
    /// Already merged: release, then environment.
    package var variables: [String: String]
    /// Which values of secrets each instance gets as environment variables; nil: none. The values are never in an order.
    package var secrets: [SecretVersion]?

    package init(
        key: CapacityKey, release: ReleaseID, version: String, artifact: Digest, command: String, replicas: Int,
        health: HealthCheck, variables: [String: String], secrets: [SecretVersion]? = nil
    ) {
        self.key = key
        self.release = release
        self.version = version
        self.artifact = artifact
        self.command = command
        self.replicas = replicas
        self.health = health
        self.variables = variables
        self.secrets = secrets
    }
}

/// The target's word on one capacity.
package struct CapacityReport: Sendable, Equatable, Codable {
    package var key: CapacityKey
    package var ready: Int
    package var wanted: Int
    /// How often instances had to be started again since this capacity was put up.
    package var restarts: Int
    /// The last lines that an instance wrote, when one failed; at most 20 lines of 500 characters.
    package var lastLines: [String]
    /// Resident memory of its instances together, in bytes; nil: not known.
    package var memory: Int64?
    /// Which instance ended last, and how, as in `instance 2 was ended by signal 9`; nil: none.
    package var lastDeath: String?

    package init(
        key: CapacityKey, ready: Int, wanted: Int, restarts: Int, lastLines: [String], memory: Int64? = nil,
        lastDeath: String? = nil
    ) {
        self.memory = memory
        self.key = key
        self.ready = ready
        self.wanted = wanted
        self.restarts = restarts
        self.lastLines = lastLines
        self.lastDeath = lastDeath
    }
}

/// Where the instances run. All calls are idempotent and refuse an older term (`TargetError.staleTerm`).
package protocol Runtime: Sendable {
    /// Brings the instances up and returns when all are ready (then `ready == wanted`), or when the health deadline passed
    /// (`ready < wanted`, with the last lines of the log). Instances that are up and right are left as they are. Starting continues
    /// supervision: an instance that dies later is started again with back-off, until `stop`.
    func ensure(_ order: CapacityOrder, term: Term) async throws -> CapacityReport
    /// Stops the instances: waits until `isIdle` says that no request is under way or `drain` has passed, then SIGTERM, later SIGKILL.
    /// Returns when nothing of it runs any more. Of something that is not there: done.
    func stop(_ key: CapacityKey, drain: Milliseconds, term: Term) async throws
    /// What runs in this lane by the target's own word, not by what was asked for.
    func observe(_ lane: LaneID) async throws -> [CapacityReport]
    /// The addresses of the ready instances, for the router.
    func addresses(_ key: CapacityKey) async throws -> [ListenAddress]
    /// The last lines of the output of a capacity's instances, oldest first.
    func output(_ key: CapacityKey, lines: Int) async throws -> [String]
}

/// How the traffic of one lane should flow. Absolute, so that applying it twice is the same as once.
package struct Routing: Sendable, Equatable, Codable {
    package struct Arm: Sendable, Equatable, Codable {
        package var capacity: CapacityKey
        package var version: String
        package var weight: BasisPoints
        package var addresses: [ListenAddress]

        package init(capacity: CapacityKey, version: String, weight: BasisPoints, addresses: [ListenAddress]) {
            self.capacity = capacity
            self.version = version
            self.weight = weight
            self.addresses = addresses
        }
    }

    package var lane: LaneID
    package var listen: ListenAddress
    /// Rises with every change of the lane's desired routing; a router refuses an older one.
    package var generation: Int
    /// Weights sum to 10,000, or all are 0 (the first deployment before its switch: the router answers 503 with the service's name).
    package var arms: [Arm]
    /// The arm that the preview header and the private preview listener reach; nil: nobody.
    package var preview: CapacityKey?
    package var previewHeader: String
    /// What the split is made by; nil, and for users without it: a cookie that the router sets.
    package var userKey: UserKey?

    package init(
        lane: LaneID, listen: ListenAddress, generation: Int, arms: [Arm], preview: CapacityKey?,
        previewHeader: String, userKey: UserKey? = nil
    ) {
        self.lane = lane
        self.listen = listen
        self.generation = generation
        self.arms = arms
        self.preview = preview
        self.previewHeader = previewHeader
        self.userKey = userKey
    }
}

/// The router's word on what it does now.
package struct RoutingReport: Sendable, Equatable, Codable {
    package var generation: Int
    package var weights: [CapacityKey: BasisPoints]
    /// Address of the private preview listener, if one is open.
    package var preview: ListenAddress?
    /// The instances that each arm's requests go to.
    package var addresses: [CapacityKey: Set<ListenAddress>]

    package init(
        generation: Int, weights: [CapacityKey: BasisPoints], preview: ListenAddress?,
        addresses: [CapacityKey: Set<ListenAddress>]
    ) {
        self.generation = generation
        self.weights = weights
        self.preview = preview
        self.addresses = addresses
    }
}

/// How often the process of a lane's router ended by itself and was started again.
package struct RouterDeaths: Sendable, Equatable, Codable {
    /// Since the router was put up.
    package var count: Int
    /// How it ended last, as in `HAProxy was ended by signal 9`.
    package var last: String

    package init(count: Int, last: String) {
        self.count = count
        self.last = last
    }
}

/// What splits a lane's traffic between versions.
package protocol Router: Sendable {
    /// Makes the routing so, confirmed by reading it back: new capacity is raised before old is lowered. Idempotent; refuses an older
    /// generation or term, and an empty list of arms. When the router's own process is gone it is started again with this routing.
    func apply(_ routing: Routing, term: Term) async throws -> RoutingReport
    /// What the router does now; nil if there is none for this lane.
    func read(_ lane: LaneID) async throws -> RoutingReport?
    /// What was counted of each arm; nil if there is no router for this lane.
    func counts(_ lane: LaneID) async throws -> TrafficCounts?
    /// Requests that are under way at a capacity right now.
    func requestsUnderWay(_ key: CapacityKey) async throws -> Int
    /// From what is on record, without asking the router itself; nil: it was never lost.
    func deaths(_ lane: LaneID) async throws -> RouterDeaths?
    /// Why the router's process of a lane, which should run, could not be started the last time that was tried; nil: it
    /// could, or none should run. It goes on being tried.
    func trouble(_ lane: LaneID) async -> String?
    /// Takes the lane's router away. Only `down` asks for it.
    func remove(_ lane: LaneID, term: Term) async throws
}

/// What a door to a target refuses or can't do. `retryable` false: doing it again gives the same answer.
package struct TargetError: Error, Sendable, Equatable, CustomStringConvertible {
    package enum Code: String, Sendable, CaseIterable {
        case staleTerm, staleGeneration, emptyRouting, unknownCapacity, addressInUse, programMissing, unreachable,
            invalid, failed
    }

    package let code: Code
    package let message: String
    package let retryable: Bool

    package init(_ code: Code, _ message: String, retryable: Bool) {
        self.code = code
        self.message = message
        self.retryable = retryable
    }

    package var description: String { self.message }
}
