import APIClient
import ArgumentParser

/// How a command ended; the raw value is the exit code of the process.
enum Ending: Int32, Sendable {
    case done = 0
    /// Refused, or ended otherwise than asked.
    case refused = 1
    case wrongUsage = 2
    case unreachable = 3
    /// Still waiting, for a person or a gate, when `--timeout` ran out.
    case stillWaiting = 4
}

/// An error that a verb itself finds: its sentence for a person, and how the command ends by it.
struct VerbError: Error, Sendable, CustomStringConvertible {
    let ending: Ending
    let message: String

    init(_ ending: Ending, _ message: String) {
        self.ending = ending
        self.message = message
    }

    var description: String { self.message }
}

extension Ending {
    /// The sentence and the ending for whatever a verb threw.
    static func of(_ error: any Error) -> (ending: Ending, message: String) {
        switch error {
        case let error as VerbError:
            (error.ending, error.message)
        case let problem as Wire.Problem:
            (.refused, problem.detail.isEmpty ? problem.title : problem.detail)
        case let error as ClientError:
            switch error.code {
            case .noServer, .unreachable, .timedOut: (.unreachable, error.message)
            case .badAddress: (.wrongUsage, error.message)
            case .badAnswer: (.refused, error.message)
            }
        case is CancellationError:
            (.refused, "Stopped before the end.")
        default:
            (.refused, "\(error)")
        }
    }
}
