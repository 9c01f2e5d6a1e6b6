package import Core

/// What is to be cleared of the work of builds and commands.
package struct WorkOrder: Sendable, Equatable {
    /// What was changed since stays.
    package var before: Instant
    /// Releases that are being built, or wait for it.
    package var building: Set<ReleaseID>
    /// Beginnings of keys of commands that may be asked for again.
    package var commands: [String]
    package var isDryRun: Bool

    package init(before: Instant, building: Set<ReleaseID>, commands: [String], isDryRun: Bool) {
        self.before = before
        self.building = building
        self.commands = commands
        self.isDryRun = isDryRun
    }
}

/// How much was cleared, or would be.
package struct Cleared: Sendable, Equatable {
    package var count = 0
    package var bytes: Int64 = 0

    package init() {}

    package mutating func add(_ bytes: Int64) {
        self.count += 1
        self.bytes += bytes
    }
}
