import Foundation

/// The programs that the demo calls, or that the sample's build and tests call.
enum Programs {
    static let needed = [
        ("git", "git"), ("cc", "gcc"), ("make", "make"), ("curl", "curl"), ("haproxy", "haproxy"),
    ]

    /// The sentence about those that are not there; nil if all are.
    static func missing(path: String) -> String? {
        // Debian keeps HAProxy in /usr/sbin, which is not in every user's PATH.
        let folders = path.split(separator: ":").map(String.init) + ["/usr/sbin", "/sbin"]
        let missing = Self.needed.filter { program, _ in
            !folders.contains { FileManager.default.isExecutableFile(atPath: "\($0)/\(program)") }
        }
        if missing.isEmpty { return nil }
        return "The demo needs \(missing.map(\.0).joined(separator: ", ")), which this machine does not have. Install: "
            + "sudo apt-get install \(missing.map(\.1).joined(separator: " "))" + (missing.contains { $0.0 == "cc" } ? " libc6-dev" : "")
    }
}
