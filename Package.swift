// swift-tools-version: 6.2
import PackageDescription

/// The same strict settings for every target of ours: Swift 6 mode, warnings are errors.
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("InferIsolatedConformances"),
]

// MARK: Libraries from outside. Why each is here: ARCHITECTURE.md, "What we build on".
let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let asyncHTTPClient = Target.Dependency.product(name: "AsyncHTTPClient", package: "async-http-client")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let hummingbirdTesting = Target.Dependency.product(name: "HummingbirdTesting", package: "hummingbird")
let lifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let subprocess = Target.Dependency.product(name: "Subprocess", package: "swift-subprocess")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")

func ours(_ name: String, at path: String, _ dependencies: [Target.Dependency]) -> Target {
    .target(name: name, dependencies: dependencies, path: "Sources/\(path)", swiftSettings: strict)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: name, dependencies: dependencies, path: "Tests/\(name)", swiftSettings: strict)
}

let package = Package(
    name: "slipway",
    platforms: [.macOS(.v15)],
    products: [.executable(name: "slipway", targets: ["slipway"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2"),
    ],
    targets: [
        // MARK: Core: values and machines. No clock, no I/O, no logging.
        ours("Core", at: "Core", [crypto]),

        // MARK: Engine: runs the machines. Its Ports folder holds the doors to the world.
        ours("ServiceFile", at: "ServiceFile", ["Core", yams]),
        ours("Engine", at: "Engine", ["Core", "ServiceFile", crypto, lifecycle, logging]),

        // MARK: Adapters: what stands behind the doors.
        ours("SQLiteStore", at: "Adapters/SQLiteStore", ["Core", "Engine", grdb]),
        ours("LocalTarget", at: "Adapters/LocalTarget", ["Core", "Engine", asyncHTTPClient, crypto, logging, nioCore, subprocess]),
        ours("Lab", at: "Lab", ["Core", "Engine"]),

        // MARK: Faces: what people and programs see.
        ours("APIClient", at: "Faces/APIClient", [asyncHTTPClient, nioCore]),
        ours("HTTPAPI", at: "Faces/HTTPAPI", ["APIClient", "Core", "Engine", hummingbird, logging, lifecycle]),
        ours("WebUI", at: "Faces/WebUI", ["APIClient"]),
        ours("CommandLine", at: "Faces/CommandLine", ["APIClient", argumentParser]),

        // MARK: The executable: wiring only.
        .executableTarget(
            name: "slipway",
            dependencies: [
                "APIClient", "CommandLine", "Core", "Engine", "HTTPAPI", "Lab", "LocalTarget", "SQLiteStore", "WebUI",
                argumentParser, lifecycle, logging,
            ],
            path: "Sources/slipway", swiftSettings: strict),

        // MARK: Tests.
        tests("CoreTests", ["Core"]),
    ]
)
