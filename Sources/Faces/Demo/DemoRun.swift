import APIClient
import Foundation
import Subprocess
import Synchronization
import SystemPackage
import UnixSignals

/// `slipway demo`: the story of a shop, from its first commit to a rollback, on this machine.
package struct DemoRun: Sendable {
    /// Ends after the story and removes what it made; else the server stays up until Ctrl-C.
    package var exits: Bool
    /// Where the data goes; nil: a temporary folder.
    package var dataFolder: String?
    /// The slipway that is run as server.
    package var executable: String
    /// What happens, a line each.
    package var say: @Sendable (DemoLine) -> Void
    /// Called once, when the story is over.
    package var finish: @Sendable (DemoReport) -> Void

    package init(
        exits: Bool, dataFolder: String?, executable: String, say: @escaping @Sendable (DemoLine) -> Void,
        finish: @escaping @Sendable (DemoReport) -> Void
    ) {
        self.exits = exits
        self.dataFolder = dataFolder
        self.executable = executable
        self.say = say
        self.finish = finish
    }

    /// The whole story ends in this time, or is not ok.
    static let limit = Duration.seconds(240)

    /// True if the story went as it should and everything was cleaned up.
    package func run() async -> Bool {
        let folders: DemoFolders
        let story: Story
        do {
            if let missing = Programs.missing(path: ProcessInfo.processInfo.environment["PATH"] ?? "") {
                throw DemoFailure(.missing, missing)
            }
            let source = try SampleRepository.source(above: self.executable)
            guard let ports = FreePorts.find(3, from: 7_001), let server = FreePorts.find(1, from: 8_080)?.first else {
                throw DemoFailure(.refused, "There are no four free ports on 127.0.0.1 between 7001 and 32767.")
            }
            folders = try DemoFolders(dataFolder: self.dataFolder)
            story = Story(
                server: ServerProcess(
                    executable: self.executable, dataFolder: folders.data, port: server, logFile: folders.log),
                repository: SampleRepository(source: source, folder: folders.repository, ports: ports),
                progress: Progress(say: self.say))
        } catch {
            self.fail(DemoFailure(from: error))
            return false
        }
        let isOK = await self.tell(story)
        // Not in this task: it may have been cancelled, and what was started must be stopped all the same.
        await Task { await self.cleanUp(folders, story.progress) }.value
        return isOK
    }

    private func fail(_ failure: DemoFailure) {
        var report = DemoReport()
        report.reason = failure.message
        self.finish(report)
    }

    /// The story, beside what may end it early: a signal, and its limit.
    private func tell(_ story: Story) async -> Bool {
        let told = Outcome()
        return await withTaskGroup(of: DemoFailure?.self) { group in
            group.addTask {
                do {
                    try await story.tell(stays: !self.exits) { report in
                        told.set(report.ok)
                        self.finish(report)
                    }
                    return nil
                } catch {
                    return DemoFailure(from: error)
                }
            }
            group.addTask {
                for await _ in await UnixSignalsSequence(trapping: .sigint, .sigterm) { break }
                return DemoFailure(.interrupted, "Interrupted.")
            }
            group.addTask {
                try? await Task.sleep(for: Self.limit)
                // The limit is the story's; what comes after it lasts as long as people like.
                while told.value != nil && !Task.isCancelled { try? await Task.sleep(for: .seconds(3_600)) }
                return DemoFailure(.timedOut, "The story did not end in \(Self.limit.milliseconds / 1_000) s.")
            }
            let first = await group.next() ?? nil
            group.cancelAll()
            if told.value == nil { self.fail(first ?? DemoFailure(.unexpected, "The story broke off.")) }
            return told.value ?? false
        }
    }

    /// Stops what still runs, with or without a server, and removes what was made.
    private func cleanUp(_ folders: DemoFolders, _ progress: Progress) async {
        var options = PlatformOptions()
        options.processGroupID = 0
        // `down` has its own limits of time on everything it waits for.
        let down = try? await Subprocess.run(
            .path(FilePath(self.executable)), arguments: ["down", "--yes", "--data", folders.data],
            platformOptions: options, output: .string(limit: 64 * 1024), error: .combinedWithOutput)
        guard let down, down.terminationStatus.isSuccess else {
            progress.fault(
                "Not everything could be stopped: \(down?.standardOutput ?? "slipway down did not run"). "
                    + "Try again: slipway down --yes --data \(folders.data)")
            folders.keepData()
            return
        }
        folders.remove()
        progress.step("everything is stopped, and what was made is removed")
    }
}

/// Whether the story was ok, once it is over; set by the story, read by what watches over it.
private final class Outcome: Sendable {
    private let held = Mutex<Bool?>(nil)

    var value: Bool? { self.held.withLock { $0 } }
    func set(_ isOK: Bool) { self.held.withLock { $0 = isOK } }
}
