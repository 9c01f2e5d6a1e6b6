/// What the service's file says about its environments: held by the server under a number, changed only by `apply`.
package struct Definition: Sendable, Equatable, Codable {
    package var service: ServiceName
    package var owner: String
    /// In the order of the file; `after` makes them a DAG (checked when the file is read).
    package var environments: [EnvironmentDefinition]
    /// Services that it needs; nil: none.
    package var dependsOn: [Dependency]?

    package init(
        service: ServiceName, owner: String, environments: [EnvironmentDefinition], dependsOn: [Dependency]? = nil
    ) {
        self.service = service
        self.owner = owner
        self.environments = environments
        self.dependsOn = dependsOn
    }

    package subscript(name: EnvironmentName) -> EnvironmentDefinition? {
        self.environments.first { $0.name == name }
    }
}

/// One environment of a service: how a release gets in, how it is put there, and how it is watched.
package struct EnvironmentDefinition: Sendable, Equatable, Codable {
    package var name: EnvironmentName
    /// Where this environment's traffic comes in, as `address:port`; nil for a service without traffic.
    package var listen: ListenAddress?
    /// A release enters only when it is verified in all of these.
    package var after: [EnvironmentName] = []
    package var promotion: PromotionMode = .byHand
    package var gates: [Gate] = []
    package var strategy: Strategy = .bigBang
    package var verify: [Verify] = []
    /// Watched time after 100 %.
    package var bake: Milliseconds = .zero
    /// How long the old version stays warm, counted from the switch.
    package var keepWarm: Milliseconds = .hours(1)
    package var queue: QueuePolicy = .finish
    package var drain: Milliseconds = .seconds(30)
    package var variables: [String: String] = [:]
    package var previewHeader: String = "Slipway-Preview"
    /// Replicas here, where they differ from the release's own.
    package var replicas: Int?
    package var notify: [Notify] = []
    // Optional, because definitions that were stored before these existed are still read.
    /// nil: `NoDataPolicy.standard`.
    package var noData: NoDataPolicy?
    /// The error rate that users may see; nil: `ErrorRate.standard`.
    package var objective: ErrorRate?
    /// nil: a cookie that the router sets.
    package var userKey: UserKey?
    /// What it is to be like; nil: nothing.
    package var like: Likeness?

    package init(name: EnvironmentName) { self.name = name }
}

/// An address of this machine that traffic comes in at.
package struct ListenAddress: Sendable, Hashable, Codable, CustomStringConvertible {
    package let host: String
    package let port: Int

    /// `host:port`, where host is an IPv4 address, `localhost` or an IPv6 address in brackets; port 1 to 65535.
    package init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]),
            (1...65_535).contains(port), String(port) == text[text.index(after: colon)...]
        else { return nil }
        let host = String(text[..<colon])
        guard !host.isEmpty, host.utf8.count <= 64,
            host.utf8.allSatisfy({ byte in
                (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte) || (0x41...0x46).contains(byte)
                    || byte == UInt8(ascii: ".") || byte == UInt8(ascii: ":") || byte == UInt8(ascii: "[")
                    || byte == UInt8(ascii: "]")
            })
        else { return nil }
        self.host = host
        self.port = port
    }

    package var description: String { "\(self.host):\(self.port)" }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let value = ListenAddress(text) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "`\(text)` is no address:port")
        }
        self = value
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(self.description)
    }
}

package enum PromotionMode: String, Sendable, Codable, CaseIterable {
    case automatically
    case byHand = "by hand"
}

/// A condition to enter an environment. Evaluated before its deployment starts, and again at the start.
package enum Gate: Sendable, Equatable, Codable {
    /// The tests of the build passed.
    case tests
    /// The longest continuous verified stay in each environment before.
    case soak(Milliseconds)
    /// Named people said yes. `from` names people, or teams of the directory.
    case approval(from: [String], count: Int)
    /// It does not differ from the environment that it is to be `like`.
    case like
}

/// How a release is put onto an environment's targets.
package enum Strategy: Sendable, Equatable, Codable {
    case bigBang
    /// `hold`: time on the preview, verified, before the switch.
    case blueGreen(hold: Milliseconds)
    case canary(CanarySettings)
    case rolling(RollingSettings)

    package var name: String {
        switch self {
        case .bigBang: "bigBang"
        case .blueGreen: "blueGreen"
        case .canary: "canary"
        case .rolling: "rolling"
        }
    }
}

/// A check on what runs in an environment.
package enum Verify: Sendable, Equatable, Codable {
    /// A command of the user's, run by `/bin/sh -c` in a clean checkout of the release's commit.
    case run(String, within: Milliseconds)
    /// A GET of `path` on the version under test answers with `status`.
    case http(path: String, status: Int, within: Milliseconds)
}

/// What happens when a release arrives while another one is on its way.
package enum QueuePolicy: String, Sendable, Codable, CaseIterable {
    case finish, latest, every
}

/// Tells somebody outside about what happened in this environment.
package struct Notify: Sendable, Equatable, Codable {
    package enum Channel: Sendable, Equatable, Codable {
        case run(String)
        case webhook(String)
    }

    package enum Occasion: String, Sendable, Codable, CaseIterable {
        case failed, aborted, waiting, rolledBack, completed, warning
        /// The release team's alert period began or ended.
        case alert
    }

    package var channel: Channel
    package var on: [Occasion]

    package init(channel: Channel, on: [Occasion]) {
        self.channel = channel
        self.on = on
    }
}
