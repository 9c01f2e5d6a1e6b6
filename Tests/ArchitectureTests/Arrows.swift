/// What a target may import: of ours, and of others. The rings of ARCHITECTURE.md; an arrow that is not here is forbidden.
struct Arrows {
    let target: String
    /// Where its files begin: the longest match owns a file.
    let folder: String
    let ours: Set<String>
    let others: Set<String>

    init(_ target: String, _ folder: String, ours: Set<String> = [], others: Set<String> = []) {
        self.target = target
        self.folder = "Sources/\(folder)/"
        self.ours = ours
        self.others = others
    }

    static let all = [
        Arrows("Core", "Core", others: ["Crypto"]),
        Arrows("CanaryAnalysis", "CanaryAnalysis", others: ["Darwin", "Glibc", "Musl"]),
        Arrows("ChangeCalendar", "ChangeCalendar", ours: ["Core"], others: ["Foundation", "Synchronization"]),
        Arrows("Ports", "Engine/Ports", ours: ["Core"]),
        Arrows("ServiceFile", "ServiceFile", ours: ["Core"], others: ["Yams"]),
        Arrows(
            "Engine", "Engine", ours: ["CanaryAnalysis", "ChangeCalendar", "Core", "Ports", "ServiceFile"],
            others: [
                "Crypto", "CryptoExtras", "Dispatch", "Foundation", "Logging", "ServiceLifecycle", "Synchronization",
            ]),
        Arrows(
            "SQLiteStore", "Adapters/SQLiteStore", ours: ["Core", "Ports"],
            others: ["Crypto", "Dispatch", "GRDB", "GRDBSQLite", "Glibc", "Synchronization"]),
        Arrows(
            "LocalTarget", "Adapters/LocalTarget", ours: ["Core", "Ports"],
            others: [
                "AsyncHTTPClient", "Crypto", "Foundation", "FoundationEssentials", "Glibc", "Logging", "NIOCore",
                "NIOHTTP1", "NIOPosix", "Subprocess", "Synchronization", "SystemPackage",
            ]),
        Arrows(
            "Lab", "Lab", ours: ["ChangeCalendar", "Core", "Engine", "Ports"],
            others: ["Crypto", "Foundation", "Synchronization"]),
        Arrows(
            "APIClient", "Faces/APIClient",
            others: ["AsyncHTTPClient", "Foundation", "NIOCore", "NIOHTTP1", "NIOSSL", "Synchronization"]),
        Arrows("WebUI", "Faces/WebUI", ours: ["APIClient"], others: ["Foundation"]),
        Arrows(
            "HTTPAPI", "Faces/HTTPAPI", ours: ["APIClient", "Core", "Engine", "Ports", "ServiceFile", "WebUI"],
            others: [
                "Crypto", "Foundation", "HTTPTypes", "Hummingbird", "HummingbirdCore", "HummingbirdTLS", "Logging",
                "NIOCore", "NIOPosix", "NIOSSL", "ServiceLifecycle", "Synchronization",
            ]),
        Arrows(
            "Demo", "Faces/Demo", ours: ["APIClient"],
            others: [
                "AsyncHTTPClient", "Foundation", "Glibc", "NIOCore", "NIOHTTP1", "Subprocess", "Synchronization",
                "SystemPackage", "UnixSignals",
            ]),
        Arrows(
            "CommandLine", "Faces/CommandLine",
            ours: ["APIClient", "CanaryAnalysis", "ChangeCalendar", "Core", "Demo", "ServiceFile"],
            others: ["ArgumentParser", "Foundation", "Subprocess"]),
        Arrows(
            "slipway", "slipway",
            ours: [
                "APIClient", "ChangeCalendar", "CommandLine", "Core", "Engine", "HTTPAPI", "Lab", "LocalTarget",
                "Ports",
                "SQLiteStore", "ServiceFile",
            ],
            others: [
                "ArgumentParser", "AsyncHTTPClient", "Foundation", "Glibc", "Logging", "ServiceLifecycle",
                "Synchronization",
                "UnixSignals",
            ]),
    ]

    static func of(_ path: String) -> Arrows? {
        Self.all.filter { path.hasPrefix($0.folder) }.max { $0.folder.count < $1.folder.count }
    }
}
