import Foundation
import Testing

@Suite struct UsageTests {
    @Test(arguments: [
        ["nonsense"], ["promote"], ["promote", "r-1"], ["promote", "r-1", "--to", "staging", "--timeout", "5m"],
        ["promote", "r-1", "--to", "staging", "--emergency"], ["promote", "r-1", "--to", "staging", "--reason", "x"],
        ["promote", "r-1", "--to", "staging", "--at", "tomorrow"], ["queue", "move", "a/b/1", "--reason", "x"],
        ["promote", "r-1", "--to", "staging", "--wait", "--timeout", "5"], ["pause", "shop/production/3"],
        ["pause", "shop/production", "--reason", "x"], ["abort", "shop/production/3", "--reason", " "],
        ["rollback", "shop", "--reason", "x"], ["logs", "shop", "--env", "production", "--lines", "0"],
        ["logs", "shop", "--env", "production", "--follow", "--json"], ["serve", "--listen", "8080"],
        ["lab", "--histories", "0"], ["lab", "nosuch"],
        ["hold", "add", "shop", "--env", "dev", "--until", "yesterday", "--reason", "x"],
        ["completions", "tcsh"], ["release", "create", "--bogus"], ["--bogus"],
        ["token", "add", "ci", "--scope", "release"], ["token", "add", "ci", "--service", "shop"],
        ["token", "add", "ci", "--scope", "all", "--service", "shop"], ["hook", "poke", "Shop"],
        ["log", "a//b"], ["log", "a/b/c/d/e"], ["status", "--server", "gopher://x"],
    ])
    func `wrong usage ends with 2, says so on standard error, and prints nothing else`(words: [String]) async {
        let run = await CommandRun.of(words)
        #expect(run.code == 2)
        #expect(run.out.isEmpty)
        #expect(!run.err.isEmpty)
    }

    @Test func `help and version end with 0, on standard output`() async {
        for words in [["--help"], ["help"], ["release"], ["release", "create", "--help"], ["--version"], []] {
            let run = await CommandRun.of(words)
            #expect(run.code == 0, "\(words)")
            #expect(!run.out.isEmpty, "\(words)")
            #expect(run.err.isEmpty, "\(words)")
        }
    }

    @Test func `help shows the verbs in their groups`() async {
        let run = await CommandRun.of("--help")
        #expect(
            run.out.split(separator: "\n").filter { $0.hasSuffix("SUBCOMMANDS:") } == [
                "BEGIN SUBCOMMANDS:", "RELEASE SUBCOMMANDS:", "STEER SUBCOMMANDS:", "LOOK BACK SUBCOMMANDS:",
                "SET UP SUBCOMMANDS:",
            ])
    }

    @Test func `help of promote is this`() async {
        let run = await CommandRun.of("promote", "--help")
        #expect(
            run.out == """
                OVERVIEW: Ask for a release in an environment.

                Asked early, it waits for what it comes after. With --wait: 0 completed, 1 any other end, 4 when --timeout ran out.

                USAGE: slipway promote <release> --to <env> [--at <time>] [--emergency] [--reason <reason>] [--wait] [--timeout <time>] [--json] [--data <dir>] [--server <url>]

                ARGUMENTS:
                  <release>               Id (r-…) or SERVICE@VERSION.

                OPTIONS:
                  --to <env>              The environment.
                  --at <time>             Not before then: 2026-03-27T18:00:00Z, or 90m, 2h from now.
                  --emergency             It can't wait for approval, freezes and soak, for the reason given: people approve it
                                          afterwards, within a day. It needs the right to operate there.
                  --reason <reason>       Why it is an emergency; it stands in the record.
                  --wait                  Return at the deployment's end, its bake included.
                  --timeout <time>        With --wait: for how long at most, as 90s or 10m.
                  --json                  Print JSON on standard output, and nothing else there.
                  --data <dir>            Folder of the data (default: $SLIPWAY_DATA, or slipway in the state directory).
                  --server <url>          Address of the server (default: $SLIPWAY_SERVER, or what serve wrote).
                  --version               Show the version.
                  -h, --help              Show help information.
                """)
    }

    @Test(arguments: ["bash", "zsh", "fish"]) func `completions know the verbs`(shell: String) async {
        let run = await CommandRun.of("completions", shell)
        #expect(run.code == 0)
        #expect(run.out.contains("rollback"))
        #expect(run.out.contains("reason"))
    }

    @Test func `bash takes the script and completes slipway by it`() async throws {
        let script = await CommandRun.of("completions", "bash").out
        let bash = Process()
        bash.executableURL = URL(fileURLWithPath: "/bin/bash")
        // What bash does at the key: the words so far, the function of the script, and what it offers.
        let typed = """
            set -e; eval "$SCRIPT"; complete -p slipway
            offer() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMP_LINE="$*"; COMP_POINT=${#COMP_LINE}; COMPREPLY=()
              _slipway "$1" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"; echo "offered: ${COMPREPLY[*]}"; }
            offer slipway roll; offer slipway rollback shop --e; offer slipway completions f
            """
        bash.arguments = ["--norc", "--noprofile", "-c", typed]
        bash.environment = ["PATH": "/usr/bin:/bin", "SCRIPT": script]
        let output = Pipe()
        bash.standardOutput = output
        bash.standardError = output
        try bash.run()
        let said = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        bash.waitUntilExit()
        #expect(bash.terminationStatus == 0 && said.contains("slipway"), "\(said)")
        #expect(
            said.split(separator: "\n").filter { $0.hasPrefix("offered") }
                == ["offered: rollback", "offered: --env", "offered: fish"], "\(said)")
    }

    @Test func `serve hands its options on`() async {
        let given = await CommandRun.of("serve", "--data", "x", "--listen", "[::1]:0", folder: "/srv")
        #expect(given.offline == ["serve /srv/x ::1 0"])
        let rebuilt = await CommandRun.of("serve", "--rebuild", "--data", "/d")
        #expect(rebuilt.offline == ["serve /d 127.0.0.1 8080 rebuilds"])
        let plain = await CommandRun.of("serve", environment: ["XDG_STATE_HOME": "/state"])
        #expect(plain.offline == ["serve /state/slipway 127.0.0.1 8080"])
        let home = await CommandRun.of("serve")
        #expect(home.offline == ["serve /nowhere/.local/state/slipway 127.0.0.1 8080"])
    }

    @Test func `the lab's verdict is the exit code`() async {
        let good = await CommandRun.of("lab", "--histories", "5", "--seed", "2")
        #expect(good.code == 0)
        #expect(good.out == "5 from 2")
        #expect(await CommandRun.of("lab", "--seed", "13").code == 1)
    }
}
