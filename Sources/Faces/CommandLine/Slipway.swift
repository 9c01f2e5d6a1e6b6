import ArgumentParser

/// `slipway`: all its verbs, in the order of its help.
struct Slipway: ParsableCommand {
    static let version = "0.1.0"

    static let configuration = CommandConfiguration(
        commandName: "slipway",
        abstract: "Takes a change from a commit to its users, and can prove afterwards how it went.",
        discussion: "Start with `slipway demo`, or with `slipway init` in a repository of your own.",
        version: Self.version,
        groupedSubcommands: [
            CommandGroup(name: "Begin", subcommands: [DemoVerb.self, Init.self, Serve.self, Apply.self]),
            CommandGroup(
                name: "Release",
                subcommands: [ReleaseVerbs.self, Promote.self, Queue.self, Cancel.self, Status.self, Watch.self]),
            CommandGroup(
                name: "Steer",
                subcommands: [
                    Pause.self, Resume.self, Abort.self, Retry.self, Skip.self, Rollback.self, Approve.self,
                    Reject.self, HoldVerbs.self, PinVerbs.self, BlockVerbs.self, AlarmVerbs.self, FreezeVerbs.self,
                    CombinationVerbs.self,
                    ApprovalVerbs.self, Down.self,
                ]),
            CommandGroup(name: "Look back", subcommands: [Log.self, Logs.self, WhyVerb.self, AuditVerbs.self]),
            CommandGroup(
                name: "Set up",
                subcommands: [
                    BackUp.self, Restore.self, Prune.self, PersonVerbs.self, TeamVerbs.self, GrantVerbs.self,
                    WhoAmI.self,
                    TokenVerbs.self, SecretVerbs.self, HookVerbs.self, Completions.self,
                    JudgeVerb.self, LabVerb.self,
                ]),
        ])
}

/// Parses the arguments (without the program's name), runs the verb, and returns the exit code of DESIGN section 5.
package func runSlipway(_ arguments: [String], shell: Shell, wiring: Wiring) async -> Int32 {
    let command: any ParsableCommand
    do {
        command = try Slipway.parseAsRoot(arguments)
        guard let verb = command as? any Verb else {
            // Help of a group, and what the parser itself answers.
            var command = command
            try command.run()
            return Ending.done.rawValue
        }
        return await run(verb, in: Session(shell: shell, wiring: wiring)).rawValue
    } catch {
        var text = Slipway.fullMessage(for: error, columns: shell.columns)
        while text.last == "\n" { text.removeLast() }
        if Slipway.exitCode(for: error).isSuccess {
            shell.out(text)
            return Ending.done.rawValue
        }
        shell.err(Plain.text(text))
        return Ending.wrongUsage.rawValue
    }
}

private func run(_ verb: any Verb, in session: Session) async -> Ending {
    do {
        return try await verb.run(in: session)
    } catch {
        let (ending, message) = Ending.of(error)
        session.shell.err("slipway: \(message)")
        return ending
    }
}
