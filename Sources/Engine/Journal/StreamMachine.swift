package import Core
package import Ports

/// A machine that lives in a stream: how its state is kept as a snapshot, and which row shows it in lists.
package protocol StreamMachine: Machine, Codable {
    /// Raised when the state's shape or meaning changes: older snapshots are then ignored, and the stream is folded from its start.
    static var snapshotVersion: Int { get }
    /// The row for lists; nil: none.
    func row(of stream: StreamID) throws -> ProjectionRow?
    /// Told before anything is folded: where this machine lives. Only its words may depend on it.
    mutating func stands(in stream: StreamID)
}

extension StreamMachine {
    package mutating func stands(in stream: StreamID) {}
}

extension Service: StreamMachine {
    /// 2: how environments are watched. 3: secrets.
    package static let snapshotVersion = 3

    package func row(of stream: StreamID) throws -> ProjectionRow? {
        guard let current else { return nil }
        let summary = ServiceRow(
            number: self.number, owner: current.owner, environments: current.environments.map(\.name),
            dependsOn: current.dependsOn.map { $0.map(\.service) })
        return ProjectionRow(
            table: .services, key: current.service.text, scope: "", body: try EventJSON.encode(summary))
    }
}

package struct ServiceRow: Codable, Sendable, Equatable {
    package let number: Int
    package let owner: String
    package let environments: [EnvironmentName]
    /// Absent in rows that were written before there were dependencies.
    package let dependsOn: [ServiceName]?
}

extension Release: StreamMachine {
    package static let snapshotVersion = 2

    package func row(of stream: StreamID) throws -> ProjectionRow? {
        guard let origin else { return nil }
        let summary = ReleaseRow(
            id: origin.id, version: origin.version, commit: origin.commit, phase: self.phase,
            isToBeTagged: self.pending.contains(.tag), at: origin.at)
        return ProjectionRow(
            table: .releases, key: origin.id.text, scope: origin.service.text, body: try EventJSON.encode(summary))
    }
}

package struct ReleaseRow: Codable, Sendable, Equatable {
    package let id: ReleaseID
    package let version: String
    package let commit: String
    package let phase: Release.Phase
    /// Built, and its local tag is not made yet, or could not be made so far.
    package let isToBeTagged: Bool
    package let at: Instant
}

extension Lane: StreamMachine {
    /// 4: what the router confirmed, how long steps took, and alert periods.
    package static let snapshotVersion = 4

    package mutating func stands(in stream: StreamID) {
        if case .lane(let id) = stream { self.id = id }
    }

    package func row(of stream: StreamID) throws -> ProjectionRow? {
        guard case .lane(let id) = stream else { return nil }
        let summary = LaneRow(
            serving: self.serving.map(\.capacity.candidate.version), stable: self.stable?.candidate.version,
            deploying: self.deployment?.candidate.version, step: self.deployment?.currentStep?.name,
            waiting: self.queue.count, alarm: self.alarm?.kind)
        return ProjectionRow(
            table: .lanes, key: id.description, scope: id.service.text, body: try EventJSON.encode(summary))
    }
}

package struct LaneRow: Codable, Sendable, Equatable {
    package let serving: [String]
    package let stable: String?
    package let deploying: String?
    package let step: String?
    package let waiting: Int
    package let alarm: Alarm.Kind?
}

extension ChangeRequest: StreamMachine {
    /// 2: what voids it, its times, emergencies.
    package static let snapshotVersion = 2

    package func row(of stream: StreamID) throws -> ProjectionRow? {
        guard let request else { return nil }
        return ProjectionRow(
            table: .changes, key: request.id.text, scope: request.lane.service.text,
            body: try EventJSON.encode(ChangeRow(id: request.id, state: self.state)))
    }
}

package struct ChangeRow: Codable, Sendable, Equatable {
    package let id: ChangeID
    package let state: ChangeRequest.State
}

extension Access: StreamMachine {
    /// 3: what was refused in the last minute.
    package static let snapshotVersion = 3
    /// Tokens are few and read as a whole.
    package func row(of stream: StreamID) throws -> ProjectionRow? { nil }
}

extension Directory: StreamMachine {
    package static let snapshotVersion = 1
    /// There is one, read as a whole.
    package func row(of stream: StreamID) throws -> ProjectionRow? { nil }
}

extension FreezeCalendar: StreamMachine {
    package static let snapshotVersion = 1
    /// There is one, read as a whole.
    package func row(of stream: StreamID) throws -> ProjectionRow? { nil }
}
