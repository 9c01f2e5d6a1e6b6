package import Core
import Ports

/// A process that was started from a data folder and runs.
package struct RunningProcess: Sendable, Equatable, CustomStringConvertible {
    package let lane: LaneID
    /// As in `instance 1 of 1.4.0` or `its router`.
    package let what: String
    package let pid: Int32

    package var description: String { "\(self.lane): \(self.what), process \(self.pid)" }
}

extension ProcessTable {
    /// Instances and routers of a data folder that run now, by what its files say and this machine's process table. A record
    /// that can't be read names nobody. Nothing is changed, and nothing is locked.
    package func running(from data: String) throws -> [RunningProcess] {
        let lanes = LaneFolders(data: data)
        var found: [RunningProcess] = []
        for key in try lanes.keys() {
            guard let (record, order) = (try? CapacityFolder(key: key, lanes: lanes).load()) ?? nil else { continue }
            for instance in record.instances {
                guard let process = instance.process, try self.isRunning(process) else { continue }
                found.append(
                    RunningProcess(
                        lane: key.lane, what: "instance \(instance.number) of \(order.version)", pid: process.pid))
            }
        }
        for lane in HAProxyFiles.lanes(data: data) {
            let files = HAProxyFiles(data: data, lane: lane, socketFolder: "")
            guard let handle = try files.handle() else { continue }
            for process in [handle.process, handle.older?.process].compactMap(\.self) where try self.isRunning(process)
            {
                found.append(RunningProcess(lane: lane, what: "its router", pid: process.pid))
            }
        }
        return found.sorted { ($0.lane, $0.pid) < ($1.lane, $1.pid) }
    }
}
