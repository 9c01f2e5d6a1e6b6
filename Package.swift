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
let cryptoExtras = Target.Dependency.product(name: "CryptoExtras", package: "swift-crypto")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let httpTypes = Target.Dependency.product(name: "HTTPTypes", package: "swift-http-types")
let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let hummingbirdCore = Target.Dependency.product(name: "HummingbirdCore", package: "hummingbird")
let hummingbirdTLS = Target.Dependency.product(name: "HummingbirdTLS", package: "hummingbird")
let hummingbirdTesting = Target.Dependency.product(name: "HummingbirdTesting", package: "hummingbird")
let lifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let nioSSL = Target.Dependency.product(name: "NIOSSL", package: "swift-nio-ssl")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let subprocess = Target.Dependency.product(name: "Subprocess", package: "swift-subprocess")
let systemPackage = Target.Dependency.product(name: "SystemPackage", package: "swift-system")
let unixSignals = Target.Dependency.product(name: "UnixSignals", package: "swift-service-lifecycle")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")

func ours(_ name: String, at path: String, _ dependencies: [Target.Dependency], exclude: [String] = []) -> Target {
    .target(name: name, dependencies: dependencies, path: "Sources/\(path)", exclude: exclude, swiftSettings: strict)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: name, dependencies: dependencies, path: "Tests/\(name)", swiftSettings: strict)
}

let package = Package(
    name: "slipway",
    platforms: [.macOS(.v15)],
    products: [
        .executable(name: "slipway", targets: ["slipway"]),
        .library(name: "CanaryAnalysis", targets: ["CanaryAnalysis"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.5.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
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

        // MARK: The judge: a public library that stands on its own.
        ours("CanaryAnalysis", at: "CanaryAnalysis", []),

        // MARK: Calendars of freezes and change windows; Foundation for zone offsets only.
        ours("ChangeCalendar", at: "ChangeCalendar", ["Core"]),

        // MARK: Engine: runs the machines. Ports are the doors to the world; adapters see these and never the engine.
        ours("Ports", at: "Engine/Ports", ["Core"]),
        ours("ServiceFile", at: "ServiceFile", ["Core", yams]),
        ours(
            "Engine", at: "Engine",
            [
                "CanaryAnalysis", "ChangeCalendar", "Core", "Ports", "ServiceFile", crypto, cryptoExtras, lifecycle,
                logging,
            ],
            exclude: ["Ports"]),

        // MARK: Adapters: what stands behind the doors.
        ours("SQLiteStore", at: "Adapters/SQLiteStore", ["Core", "Ports", crypto, grdb]),
        ours(
            "LocalTarget", at: "Adapters/LocalTarget",
            [
                "Core", "Ports", asyncHTTPClient, crypto, logging, nioCore, nioHTTP1, nioPosix, subprocess,
                systemPackage,
            ]),
        ours("Lab", at: "Lab", ["ChangeCalendar", "Core", "Ports", "Engine", crypto]),

        // MARK: Faces: what people and programs see.
        ours("APIClient", at: "Faces/APIClient", [asyncHTTPClient, nioCore, nioHTTP1, nioSSL]),
        ours(
            "HTTPAPI", at: "Faces/HTTPAPI",
            [
                "APIClient", "Core", "Engine", "WebUI", crypto, httpTypes, hummingbird, hummingbirdCore, hummingbirdTLS,
                lifecycle, logging, nioCore, nioPosix, nioSSL,
            ]),
        ours("WebUI", at: "Faces/WebUI", ["APIClient"]),
        ours(
            "Demo", at: "Faces/Demo",
            ["APIClient", asyncHTTPClient, nioCore, nioHTTP1, subprocess, systemPackage, unixSignals]),
        ours(
            "CommandLine", at: "Faces/CommandLine",
            [
                "APIClient", "CanaryAnalysis", "ChangeCalendar", "Core", "Demo", "ServiceFile", argumentParser,
                subprocess,
            ]),

        // MARK: The executable: wiring only.
        .executableTarget(
            name: "slipway",
            dependencies: [
                "APIClient", "ChangeCalendar", "CommandLine", "Core", "Engine", "HTTPAPI", "Lab", "LocalTarget",
                "Ports",
                "SQLiteStore", asyncHTTPClient, lifecycle, logging, unixSignals,
            ],
            path: "Sources/slipway", swiftSettings: strict),

        // MARK: Benchmarks: each prints its figures beside those of what it builds on, and fails below its bounds.
        .executableTarget(
            name: "LedgerBenchmark", dependencies: ["Core", "Lab", "Ports", "SQLiteStore", grdb],
            path: "Benchmarks/LedgerBenchmark", swiftSettings: strict),

        .executableTarget(
            name: "ResumeBenchmark", dependencies: ["Core", "Engine", "Lab", "Ports", "SQLiteStore", logging],
            path: "Benchmarks/ResumeBenchmark", swiftSettings: strict),

        .target(name: "PlainLoop", path: "Benchmarks/PlainLoop"),
        .executableTarget(
            name: "JudgeBenchmark", dependencies: ["CanaryAnalysis", "PlainLoop"], path: "Benchmarks/JudgeBenchmark",
            swiftSettings: strict),
        .target(
            name: "RolloutSimulation", dependencies: ["CanaryAnalysis"], path: "Benchmarks/RolloutSimulation",
            swiftSettings: strict),
        .executableTarget(
            name: "JudgeSimulation", dependencies: ["CanaryAnalysis", "RolloutSimulation"],
            path: "Benchmarks/JudgeSimulation", swiftSettings: strict),

        // MARK: Tests. Kits are the conformance tests of the doors, run on every implementation.
        .target(name: "Kits", dependencies: ["Core", "Ports"], path: "Tests/Kits", swiftSettings: strict),
        tests("ArchitectureTests", []),
        tests("CoreTests", ["Core"]),
        .testTarget(
            name: "CanaryAnalysisTests", dependencies: ["CanaryAnalysis", "RolloutSimulation"],
            path: "Tests/CanaryAnalysisTests", exclude: ["Fixtures"],
            swiftSettings: strict),
        .testTarget(
            name: "ChangeCalendarTests", dependencies: ["ChangeCalendar", "Core"], path: "Tests/ChangeCalendarTests",
            exclude: ["Oracle"], swiftSettings: strict),
        tests("ServiceFileTests", ["Core", "ServiceFile"]),
        tests("LedgerTests", ["Core", "Kits", "Lab", "Ports", "SQLiteStore", grdb]),
        tests(
            "LocalTargetTests", ["Core", "Kits", "LocalTarget", "Ports", asyncHTTPClient, logging, nioCore, nioPosix]),
        tests(
            "EngineTests",
            [
                "ChangeCalendar", "Core", "Engine", "Lab", "LocalTarget", "Ports", "SQLiteStore", "ServiceFile", crypto,
                cryptoExtras, logging,
            ]),
        tests("LabTests", ["Core", "Engine", "Kits", "Lab", "Ports"]),
        tests(
            "FacesTests",
            [
                "APIClient", "CommandLine", "Core", "Demo", "Engine", "HTTPAPI", "Kits", "Lab", "Ports", "WebUI",
                asyncHTTPClient, httpTypes, hummingbird, hummingbirdTesting, lifecycle, logging, nioCore, nioHTTP1,
                nioSSL, subprocess,
            ]),
        tests(
            "EndToEndTests",
            ["slipway", "APIClient", "Demo", "Kits", asyncHTTPClient, nioCore, nioHTTP1, subprocess, systemPackage]),
    ]
)
