import Foundation
import NIOCore

/// The server could not be talked to. (What the server itself refuses is a `Wire.Problem`.)
package struct ClientError: Error, Sendable, Equatable, CustomStringConvertible {
    package enum Code: String, Sendable {
        /// No server has been started on this data folder.
        case noServer
        case badAddress
        /// Nothing answers at the address.
        case unreachable
        /// The server took the connection and did not answer in time.
        case timedOut
        /// The answer is not one of Slipway's, or too long.
        case badAnswer
    }

    package var code: Code
    /// For a person: what, which value, what to do next.
    package var message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { self.message }

    static func unreachable(_ address: String, _ cause: any Error) -> ClientError {
        ClientError(
            .unreachable,
            "No Slipway server answers at \(address): \(Self.words(cause)). "
                + "Start it with `slipway serve`, or name another with --server URL.")
    }

    /// What the operating system said, where it said something: the library's own words have a bracket too many.
    private static func words(_ cause: any Error) -> String {
        guard let error = cause as? IOError else { return "\(cause)" }
        return String(cString: strerror(error.errnoCode)).lowercased()
    }
}
