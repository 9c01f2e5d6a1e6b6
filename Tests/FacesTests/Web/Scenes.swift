import APIClient

/// What the status page has to show well.
enum Scenes {
    static let now = "2026-11-24T05:40:00.000Z"

    static let all: [(name: String, status: Wire.Status, traffic: [Wire.Traffic], changes: [Wire.Change])] = [
        ("empty", Wire.Status(position: 0, services: []), [], []),
        ("idle", Wire.Status(position: 41, services: [idle]), [], []),
        ("running", Wire.Status(position: 96, services: [running]), [traffic], [Samples.change()]),
        ("alarm", Wire.Status(position: 131, services: [alarm]), [], []),
        ("many", Wire.Status(position: 90_412, services: many), [traffic], []),
    ]

    /// A canary from 5 % on to 25 %, of which some answers fail.
    static var traffic: Wire.Traffic {
        func arm(_ isNew: Bool) -> Wire.TrafficArm {
            let points = (0..<60).map { index in
                let share = (index < 20 ? 5.0 : 25.0)
                let part = isNew ? share : 100 - share
                let requests = Int(10 * part) + (index * 37 % 41) * Int(part) / 20
                let isGap = index == 33
                let from = "2026-11-24T05:\(30 + index / 12):\(index % 12 < 2 ? "0" : "")\(index % 12 * 5).000Z"
                let next = index + 1
                let to = "2026-11-24T05:\(30 + next / 12):\(next % 12 < 2 ? "0" : "")\(next % 12 * 5).000Z"
                return Wire.TrafficPoint(
                    from: from, at: to, requests: isGap ? nil : requests,
                    errors: isGap ? nil : isNew && index > 25 ? requests * 4 / 100 : index % 9 / 8,
                    p50: isGap ? nil : isNew ? 14 : 12, p99: isGap ? nil : isNew ? [57, 67, 80][index % 3] : 48,
                    share: isGap ? nil : part, gap: isGap ? "missing" : nil)
            }
            return Wire.TrafficArm(arm: isNew ? "new" : "old", version: isNew ? "1.1.0" : "1.0.0", points: points)
        }
        return Wire.Traffic(promotion: "storefront/production/3", arms: [arm(true), arm(false)])
    }

    static func lane(_ service: String, _ environment: String, _ version: String?, port: Int) -> Wire.Lane {
        var lane = Wire.Lane(service: service, environment: environment)
        lane.listen = "127.0.0.1:\(port)"
        lane.promote = environment == "production" ? "by hand" : "automatically"
        lane.after = environment == "production" ? ["staging"] : environment == "staging" ? ["development"] : []
        if let version {
            lane.serving = [
                Wire.Serving(version: version, release: "r-1", weight: 10_000, state: "verified", until: nil)
            ]
            lane.recent = [
                Samples.promotion(2, service: service, environment: environment, version: version, state: .completed)
            ]
        }
        return lane
    }

    static var idle: Wire.Service {
        Wire.Service(
            name: "storefront", owner: "web-team", definition: 1,
            environments: [
                self.lane("storefront", "development", "1.1.0", port: 7001),
                self.lane("storefront", "staging", "1.1.0", port: 7002),
                self.lane("storefront", "production", "1.0.0", port: 7003),
            ])
    }

    static var running: Wire.Service {
        var service = self.idle
        var production = service.environments[2]
        production.strategy = "canary"
        production.serving = [
            Wire.Serving(version: "1.0.0", release: "r-1", weight: 7500, state: "verified", until: nil),
            Wire.Serving(version: "1.1.0", release: "r-2", weight: 2500, state: "in deployment", until: nil),
        ]
        var deployment = Samples.promotion(3, service: "storefront", version: "1.1.0")
        deployment.reason = nil
        deployment.strategy = "blueGreen"
        deployment.steps = [
            "start 2 instances", "verify on the preview", "25 % of traffic", "all traffic", "bake 30 min",
        ]
        deployment.step = 2
        deployment.stepUntil = "2026-11-24T05:43:20.000Z"
        production.deployment = deployment
        var next = Samples.promotion(4, service: "storefront", version: "1.2.0", state: .waiting)
        next.reason = nil
        next.waitsFor = [
            Wire.Gate(gate: "after staging", verdict: "pass", reason: "verified in staging", passesAt: nil),
            Wire.Gate(
                gate: "soak", verdict: nil, reason: "10 min in staging, 6 min so far",
                passesAt: "2026-11-24T05:44:00.000Z"),
            Wire.Gate(gate: "approval", verdict: nil, reason: "1 of release-managers: ben or dora", passesAt: nil),
        ]
        production.queue = [next]
        production.rollbackTo = "1.0.0"
        service.environments[2] = production
        return service
    }

    static var alarm: Wire.Service {
        var service = self.idle
        service.environments[1].recent = [
            Samples.promotion(3, service: "storefront", environment: "staging", version: "1.2.0", state: .failed)
        ]
        service.environments[1].recent[0].reason = "verify ./smoke.sh ended with 1 after 3 s"
        service.environments[1].blocks = [
            Wire.Guard(by: "system", reason: "verify failed", since: Samples.at, until: nil, subject: "rel-1.2.0")
        ]
        var production = service.environments[2]
        production.alarm = Wire.Alarm(
            kind: "no ready instance", reason: "Both instances of 1.1.0 exited with status 1; the router answers 503.",
            nextAction: "roll back to 1.0.0, or look at the output of production", since: "2026-11-24T05:38:10.000Z")
        production.hold = Wire.Guard(
            by: "person:ana", reason: "incident 12, do not touch", since: Samples.at,
            until: "2026-11-24T07:00:00.000Z", subject: nil)
        var deployment = Samples.promotion(3, service: "storefront", version: "1.1.0", state: .paused)
        deployment.reason = "ben looks at the latency"
        production.deployment = deployment
        production.rollbackTo = "1.0.0"
        service.environments[2] = production
        return service
    }

    static var many: [Wire.Service] {
        (1...12).map { index in
            let long = index % 4 == 0
            let name = long ? "payment-reconciliation-and-settlement-worker-\(index)" : "service-\(index)"
            let version = long ? "2026.11.24-rc.1+build.\(index)0428.9fceb02d0ae5" : "\(index).4.\(index)"
            var environments = ["development", "qa", "staging", "production"].enumerated().map { place, environment in
                self.lane(
                    name, environment, place < 3 || index % 3 != 0 ? version : nil, port: 7000 + index * 10 + place)
            }
            if index == 5 { environments[3].deployment = self.running.environments[2].deployment }
            if index == 8 {
                environments[3].queue = (4...9).map {
                    Samples.promotion($0, service: name, version: version, state: .waiting)
                }
            }
            return Wire.Service(
                name: name, owner: long ? "the-very-long-named-payments-platform-team" : "web-team", definition: index,
                environments: environments, watchTrouble: long ? "there is no branch `main`" : nil)
        }
    }
}
