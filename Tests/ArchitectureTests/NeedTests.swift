import Foundation
import Testing

/// `Scripts/need.sh` on machines that lack something: each is a PATH of its own, with nothing in it that is not named.
struct NeedTests {
    @Test(arguments: [
        Machine(user: 1_000, programs: ["apt-get"]), Machine(user: 1_000, programs: []), Machine(user: 0, programs: []),
        Machine(user: 1_000, programs: ["sudo"]),
    ])
    func `where nothing can be installed, the packages and the command are said`(machine: Machine) throws {
        let run = try machine.need("run")
        #expect(run.code == 1)
        #expect(run.out.isEmpty && run.called.isEmpty)
        for line in [
            "  git: releases are made from commits", "  make: builds the sample service",
            "  curl: checks the sample service",
        ] {
            #expect(run.err.contains(line + "\n"), "\(run.err)")
        }
        #expect(run.err.contains("can't be installed from here. As root, on Debian 12:\n"))
        let command = try #require(run.err.split(separator: "\n").last)
        #expect(command.hasPrefix("    apt-get update && apt-get install --no-install-recommends "))
        let packages = command.split(separator: " ").drop { $0 != "--no-install-recommends" }.dropFirst()
        #expect(packages.filter { $0 != "haproxy" } == ["curl", "gcc", "git", "libc6-dev", "make"])
    }

    @Test func `who is not root installs with sudo, and is told before`() throws {
        let run = try Machine(user: 1_000, programs: ["apt-get", "sudo"]).need("run")
        #expect(run.code == 0, "\(run.err)")
        #expect(run.called.count == 4)
        #expect(run.called.first == "sudo env DEBIAN_FRONTEND=noninteractive apt-get update -qq")
        #expect(run.called.dropFirst().first == "apt-get update -qq")
        #expect(run.called.last?.hasPrefix("apt-get install -y -qq --no-install-recommends curl gcc git") == true)
        let words = try #require(run.err.range(of: "Installing with apt: curl gcc git"))
        let begun = try #require(run.err.range(of: "apt-get begins"))
        #expect(words.lowerBound < begun.lowerBound)
    }

    @Test func `root installs without sudo`() throws {
        let run = try Machine(user: 0, programs: ["apt-get", "sudo"]).need("run")
        #expect(run.code == 0, "\(run.err)")
        #expect(run.called.allSatisfy { $0.hasPrefix("apt-get ") } && run.called.count == 2)
    }

    @Test func `an apt that fails is a failure`() throws {
        var machine = Machine(user: 0, programs: ["apt-get"])
        machine.endsWith = 100
        let run = try machine.need("run")
        #expect(run.code == 100)
        #expect(run.called == ["apt-get update -qq"])
    }

    @Test func `a machine that has everything hears nothing`() throws {
        let there = ["git", "make", "cc", "curl", "haproxy", "python3", "pgrep", "openssl", "apt-get", "sudo"]
        let run = try Machine(user: 1_000, programs: there).need("run", "tests")
        #expect(run.code == 0)
        #expect(run.out.isEmpty && run.err.isEmpty && run.called.isEmpty, "\(run)")
    }

    @Test(arguments: [nil, "Swift version 5.10.1 (swift-5.10.1-RELEASE)", "Swift version 6.2.4 (x)", "what?"])
    func `a toolchain that is too old or not there is named, with where to get one`(version: String?) throws {
        var machine = Machine(user: 0, programs: ["apt-get"])
        machine.swift = version
        let run = try machine.need("build")
        #expect(run.code == 1)
        #expect(run.err.contains("Slipway is built with Swift 6.3 or newer: https://www.swift.org/install/linux/"))
        #expect(run.called.isEmpty)
    }

    @Test(arguments: ["Swift version 6.3.1 (swift-6.3.1-RELEASE)", "Swift version 6.10 (x)", "Swift version 7.0 (x)"])
    func `a toolchain that is new enough goes on to the packages`(version: String) throws {
        var machine = Machine(user: 1_000, programs: [])
        machine.swift = version
        let run = try machine.need("build")
        #expect(run.code == 1)
        #expect(run.err.contains("  libsqlite3-dev: the ledger is kept in SQLite\n"), "\(run.err)")
    }

    @Test func `an unknown part is wrong usage`() throws {
        let run = try Machine(user: 0, programs: []).need("everything")
        #expect(run.code == 2)
        #expect(run.err == "usage: Scripts/need.sh [build] [run] [tests] [provider]\n")
    }
}

/// A machine as the script sees it.
struct Machine: Sendable, CustomTestStringConvertible {
    let user: Int
    /// Programs that are there. All of them do nothing, but tell that they were called.
    let programs: [String]
    var swift: String?
    /// How apt-get ends.
    var endsWith = 0

    init(user: Int, programs: [String]) {
        self.user = user
        self.programs = programs
    }

    var testDescription: String { "user \(self.user) with \(self.programs)" }

    struct Run {
        let code: Int32
        let out: String
        let err: String
        /// Calls of apt-get and sudo, in order.
        let called: [String]
    }

    /// What the script itself calls.
    private static let tools = ["sed", "head", "sort", "tr", "env"]

    func need(_ parts: String...) throws -> Run {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("need-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        for tool in Self.tools {
            let place = try #require(
                ["/usr/bin/", "/bin/"].first { FileManager.default.fileExists(atPath: $0 + tool) })
            try FileManager.default.createSymbolicLink(atPath: "\(folder)/\(tool)", withDestinationPath: place + tool)
        }
        let log = "\(folder)/called"
        var scripts = ["id": "echo \(self.user)"]
        for program in self.programs { scripts[program] = ":" }
        if self.programs.contains("apt-get") {
            scripts["apt-get"] = "echo \"apt-get begins\" >&2; echo \"apt-get $*\" >> '\(log)'; exit \(self.endsWith)"
        }
        if self.programs.contains("sudo") { scripts["sudo"] = "echo \"sudo $*\" >> '\(log)'; exec \"$@\"" }
        if let swift { scripts["swift"] = "echo '\(swift)'" }
        for (name, text) in scripts {
            let path = "\(folder)/\(name)"
            try Data("#!/bin/sh\n\(text)\n".utf8).write(to: URL(fileURLWithPath: path))
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
        }
        return try Self.run(parts, path: folder, log: log)
    }

    private static func run(_ parts: [String], path: String, log: String) throws -> Run {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = [SourceTree.root.appendingPathComponent("Scripts/need.sh").path] + parts
        process.environment = ["PATH": path]
        let (out, err) = ("\(path)/out", "\(path)/err")
        for file in [out, err, log] { try Data().write(to: URL(fileURLWithPath: file)) }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = try FileHandle(forWritingTo: URL(fileURLWithPath: out))
        process.standardError = try FileHandle(forWritingTo: URL(fileURLWithPath: err))
        try process.run()
        process.waitUntilExit()
        return Run(
            code: process.terminationStatus, out: try String(contentsOfFile: out, encoding: .utf8),
            err: try String(contentsOfFile: err, encoding: .utf8),
            called: try String(contentsOfFile: log, encoding: .utf8).split(separator: "\n").map(String.init))
    }
}
