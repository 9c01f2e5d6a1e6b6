import Core
package import Ports

/// How one instance of an order is started: a value, worked out from the order alone.
package enum InstanceLaunch {
    /// Carried by every process of an instance; its value is the instance's own folder.
    static let markName = "SLIPWAY_INSTANCE"
    static let mostReplicas = 100

    /// `path` is the PATH that the instance gets, `secrets` values by name.
    package static func launch(
        _ order: CapacityOrder, instance: Int, port: Int, folder: CapacityFolder, path: String,
        secrets: [String: String] = [:]
    ) -> DetachedProcess.Launch {
        let lane = order.key.lane
        var environment = [
            "PATH": path, "HOME": "\(folder.own(instance))/home", "TMPDIR": "\(folder.own(instance))/tmp",
            "LANG": "C.UTF-8",
        ]
        // The user's variables may change these four, and none of the facts below.
        environment.merge(order.variables) { _, theirs in theirs }
        environment.merge(secrets) { _, secret in secret }
        let facts = [
            "PORT": String(port), "VERSION": order.version, "RELEASE": order.release.text,
            "ENVIRONMENT": lane.environment.text, "SERVICE": lane.service.text, "INSTANCE": String(instance),
            Self.markName: folder.own(instance),
        ]
        environment.merge(facts) { _, ours in ours }
        return DetachedProcess.Launch(
            program: "/bin/sh", arguments: ["-c", order.command], environment: environment, folder: folder.content,
            output: folder.log(instance).path)
    }

    /// Refuses an order that can't be carried out, before anything is started for it.
    static func check(_ order: CapacityOrder) throws {
        func refuse(_ sentence: String) -> TargetError {
            TargetError(.invalid, "\(order.key): \(sentence)", retryable: false)
        }
        guard (1...Self.mostReplicas).contains(order.replicas) else {
            throw refuse("\(order.replicas) replicas; allowed are 1 to \(Self.mostReplicas).")
        }
        guard order.key.number >= 0 else { throw refuse("the number of a deployment is 0 or more.") }
        guard !order.command.isEmpty, order.command.utf8.count <= 65_536 else {
            throw refuse("the command has \(order.command.utf8.count) bytes; allowed are 1 to 65536.")
        }
        let path = order.health.path
        guard path.hasPrefix("/"), path.utf8.count <= 2_048, path.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw refuse(
                "the health path must begin with `/` and hold at most 2048 visible ASCII characters, no blank.")
        }
        guard order.health.within.count > 0 else { throw refuse("health `within` must be more than 0.") }
        let bytes = order.variables.reduce(0) { $0 + $1.key.utf8.count + $1.value.utf8.count + 2 }
        guard bytes <= 131_072 else { throw refuse("its variables have \(bytes) bytes; allowed are 131072 in all.") }
    }

    /// Whether instances of one order serve the other as they are.
    static func isSame(_ one: CapacityOrder, _ other: CapacityOrder) -> Bool {
        var one = one
        one.replicas = other.replicas
        one.health = other.health
        return one == other
    }
}

/// When an instance that died is started again: after 0.2 s, then twice as long each time, at most 30 s.
package enum Backoff {
    static let first = Duration.milliseconds(200)
    static let most = Duration.seconds(30)
    /// An instance that was up for so long starts again from the first delay.
    static let forgottenAfter = Duration.seconds(60)

    /// `failures`: how often it died in a row before this time.
    package static func delay(failures: Int) -> Duration {
        // 0.2 s * 2^8 is beyond the most already; the bound keeps the shift small.
        min(Self.first * (1 << min(max(failures, 0), 8)), Self.most)
    }
}
