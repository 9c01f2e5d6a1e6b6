import Foundation

/// The programs that the demo calls, or that the sample's build and tests call.
enum Programs {
    static let needed: [(program: String, packages: String)] = [
        ("git", "git"), ("cc", "gcc libc6-dev"), ("make", "make"), ("curl", "curl"), ("haproxy", "haproxy"),
    ]

    /// The sentence about those that are not there; nil if all are.
    static func missing(path: String) -> String? {
        // Debian keeps HAProxy in /usr/sbin, which is not in every user's PATH.
        let folders = path.split(separator: ":").map(String.init) + ["/usr/sbin", "/sbin"]
        let missing = Self.needed.filter { program, _ in
            !folders.contains { FileManager.default.isExecutableFile(atPath: "\($0)/\(program)") }
        }
        if missing.isEmpty { return nil }
        let names = missing.map(\.program).joined(separator: ", ")
        let packages = missing.map(\.packages).joined(separator: " ")
        return "The demo needs \(names), which this machine does not have. Install: sudo apt-get install \(packages)"
    }
}
