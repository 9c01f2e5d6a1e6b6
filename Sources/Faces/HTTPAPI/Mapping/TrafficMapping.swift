import APIClient
import Core
import Engine

extension Bridge {
    func traffic(_ caller: Caller, _ text: String, _ points: Int) async throws -> Wire.Traffic {
        let (id, number) = try self.promotion(text)
        let traffic = try await self.plane.traffic(id, number, most: points, by: try await self.caller(caller))
        return Wire.Traffic(
            promotion: Wire.Promotion.id(id, number),
            arms: traffic.arms.map { arm in
                Wire.TrafficArm(
                    arm: arm.isNew ? "new" : "old", version: arm.version,
                    points: arm.points.map { Wire.TrafficPoint($0) })
            })
    }
}

extension Wire.TrafficPoint {
    fileprivate init(_ point: Traffic.Point) {
        self.init(
            from: point.from.wire, at: point.to.wire, requests: point.requests, errors: point.errors, p50: point.p50,
            p99: point.p99, share: point.share.map { Double($0.count) / 100 }, gap: point.gap?.rawValue,
            fallback: point.fallback)
    }
}
