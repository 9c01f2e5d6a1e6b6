import Core
import Ports

/// What one HAProxy had counted at one moment.
struct HAProxyLook: Sendable {
    struct Arm: Sendable {
        var slot: Int
        var weight: BasisPoints
        var requests: Int
        var errors: Int
        var fallback: Int?
    }

    var lane: LaneID
    var process: DetachedProcess
    /// What its log lines carry.
    var token: String
    var arms: [CapacityKey: Arm]

    /// With the times of exactly these requests, as far as they are known.
    func counts(_ times: [CapacityKey: HAProxyTimes]) -> TrafficCounts {
        TrafficCounts(
            arms: Dictionary(
                uniqueKeysWithValues: self.arms.map { key, arm in
                    let known = times[key] ?? HAProxyTimes()
                    // A slot counts on when another capacity takes it over: that is another epoch, but what is counted
                    // there before the capacity has traffic is none of it, so the difference of two looks is right.
                    let epoch = "\(self.process.boot) \(self.process.pid) \(self.process.startTime) arm\(arm.slot + 1)"
                    return (
                        key,
                        ArmCounts(
                            epoch: epoch, weight: arm.weight, requests: arm.requests, errors: arm.errors,
                            timed: known.timed, times: known.times, newcomers: known.newcomers,
                            fallback: arm.fallback)
                    )
                }))
    }
}

extension HAProxyLane {
    /// What its process has counted of each arm since it began; nil if this lane has no router.
    func look() async throws -> HAProxyLook? {
        guard let state = try self.files.record()?.state else { return nil }
        guard let handle = try self.running(), let process = handle.process else {
            throw TargetError(.unreachable, "HAProxy of \(self.lane) does not run.", retryable: true)
        }
        await self.listen(handle, state)
        let now = try await self.picture(handle)
        let answered = try HAProxyCounters.answered(try await self.socket(handle).ask("show stat -1 2 -1"))
        let fallbacks = try HAProxyCounters.fallbacks(try await self.socket(handle).ask(HAProxyCommands.fallbacks))
        self.files.boundLog()
        var arms: [CapacityKey: HAProxyLook.Arm] = [:]
        for (index, slot) in now.slots.enumerated() where slot.capacity > 0 && !slot.isRetired {
            arms[CapacityKey(lane: self.lane, number: slot.capacity)] = HAProxyLook.Arm(
                slot: index, weight: BasisPoints(now.split.weight(of: index + 1)) ?? .zero,
                requests: answered[index].requests, errors: answered[index].errors, fallback: fallbacks?[index])
        }
        return HAProxyLook(lane: self.lane, process: process, token: handle.token, arms: arms)
    }

    /// Takes the log lines of this process.
    func listen(_ handle: HAProxyHandle, _ state: HAProxyState) async {
        await self.logs.listen(self.lane, port: state.logPort, token: handle.token, files: self.files)
    }
}
