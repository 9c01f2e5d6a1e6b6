import ServiceFile

extension Wrong {
    /// What is no plain map in one document.
    static let noMap: [Wrong] = [
        Wrong("", .missing, "1:1", "the file is empty"),
        Wrong("# only\n", .missing, "1:1", "the file is empty"),
        Wrong("hello\n", .wrongShape, "1:1", "`hello` is no map"),
        Wrong("- a\n", .wrongShape, "1:1", "a list is no map"),
        Wrong("service: a\n\tx: b\n", .syntax, "2:1", "a tab can't indent"),
        Wrong("service: a\nrun:./a\nowner: b\n", .syntax, "2:1", "put a `:` and a space"),
        Wrong("service: a\nrun: echo foo: bar\n", .syntax, "2:14", "a `:` is not allowed here"),
        Wrong("service: a\nrun: @foo\n", .syntax, "2:6", "`@` can't begin a value"),
        Wrong("service: a\nrun: \"abc\n", .syntax, "2:6", "what opens here is not closed"),
        Wrong("service: a\nenvironments: { a: {}\n", .syntax, "2:15", "what opens here is not closed"),
        Wrong("service: a\nrun: { x: }\n b: c\n", .syntax, "3:2", "the indentation does not fit"),
        Wrong("service: a\nenvironments: { e: { listen: :7001 } }\n", .syntax, "2:30", "a value is due here"),
        Wrong("service: a\n---\nservice: b\n", .notAllowed, "2:1", "a second document begins here"),
        Wrong("service: a\n...\n---\nservice: b\n", .notAllowed, "3:1", "a second document begins here"),
        Wrong("service: a\nowner: \u{7}\n", .syntax, "2:8", "the control character \\u{7}"),
        Wrong("service: a\nowner: é\u{0}\n", .syntax, "2:9", "the control character \\u{0}"),
        Wrong("? [a]\n: b\n", .wrongShape, "1:3", "a key must be one word"),
    ]

    /// YAML that is not read.
    static let notAllowed: [Wrong] = [
        Wrong("service: &s a\nrun: b\n", .notAllowed, "1:10", "anchors"),
        Wrong("service: &s a\nrun: *s\n", .notAllowed, "1:10", "anchors (`&name`) and aliases"),
        Wrong("service: a\nrun: *s\n", .notAllowed, "2:6", "must stand in quotes"),
        Wrong("service: a\nrun: *.sh\n", .syntax, "2:7", "must stand in quotes"),
        Wrong("&k service: a\n", .notAllowed, "1:1", "write the key out"),
        Wrong("service: a\nenvironments: &e {}\n", .notAllowed, "2:15", "anchors"),
        Wrong("service: a\nenvironments: &e []\n", .notAllowed, "2:15", "anchors"),
        Wrong("service: a\nrun: { <<: { command: b } }\n", .notAllowed, "2:8", "merge keys"),
        Wrong("service: !!str a\n", .notAllowed, "1:10", "tags"),
        Wrong("service: !x 'a'\n", .notAllowed, "1:10", "tags"),
        Wrong("service: ! a\n", .notAllowed, "1:10", "tags"),
        Wrong("run: !map {}\n", .notAllowed, "1:6", "tags"),
        Wrong("run: !!map {}\n", .notAllowed, "1:6", "tags"),
        Wrong("run: !!seq []\n", .notAllowed, "1:6", "tags"),
        Wrong("!k service: a\n", .notAllowed, "1:1", "tags"),
    ]

    /// Given twice.
    static let twice: [Wrong] = [
        Wrong("service: a\nservice: b\n", .duplicate, "2:1", "`service` is given twice, first in line 1"),
        Wrong("service: a\n\"service\": b\n", .duplicate, "2:1", "`service` is given twice"),
        Wrong(
            "run:\n  command: a\n  # x\n\n  command: b\n", .duplicate, "5:3",
            "`command` is given twice, first in line 2"),
        Wrong("run: { command: a, command: b }\n", .duplicate, "1:8", "`command` is given twice"),
        .environment("after: [x, x]", .duplicate, 19, "`x` is named twice"),
        .environment("gates: [soak: 1m, soak: 2m]", .duplicate, 26, "`soak` is given twice"),
    ]

    /// Keys and kinds that are not known, or not yet.
    static let unknown: [Wrong] = [
        .line(
            "servise: b", .unknownKey, 1,
            "unknown key `servise`; did you mean `service`? (known here: `service`, `owner`,"),
        .line("replicas: 3", .unknownKey, 1, "`replicas` belongs under `run` or in an environment"),
        .line("approval: x", .unknownKey, 1, "`approval` belongs under `gates`"),
        .line("\u{1F600}: b", .unknownKey, 1, "unknown key `\u{1F600}` (known here:"),
        .line("\"x\\ny\\e[0m\": b", .unknownKey, 1, "unknown key `x\\ny\\u{1b}[0m`"),
        .line(
            "run: { command: b, env: {} }", .unknownKey, 20,
            "`env` in run; did you mean `variables`? (known here: `command`"),
        .line("build: { cmd: b }", .unknownKey, 10, "`cmd` in build; did you mean `command`?"),
        .line("tasks: { after: b }", .unknownKey, 10, "`after` in tasks; `after` belongs in an environment"),
        .line("run: { command: b, health: { port: 1 } }", .unknownKey, 30, "unknown key `port` in run.health"),
        .line("run: { command: b, secrets: [A-B] }", .badValue, 30, "that is no name of a secret"),
        .line(
            "run: { command: b, variables: { A: b }, secrets: [A] }", .contradiction, 51, "`A` is also in run.variables"
        ),
        .line(
            "run: { command: b, variables: { A: ghp_0123456789012345678901234567890abcde } }", .secret, 36,
            "this looks like a token of GitHub, and everybody reads the file: take it out, name `A` under `run.secrets`"
        ),
        .environment("secrets: [A]", .notYet, 8, "name them under `run.secrets`"),
        .line("version: calver", .notYet, 10, "`calver` is not in this version yet"),
        .line("version: command", .notYet, 10, "(known: `semver`)"),
        .line("version: semwer", .unknownKind, 10, "did you mean `semver`?"),
        .environment("keep-warm: 1h", .unknownKey, 8, "did you mean `keepWarm`?"),
        .environment("change: normal", .notYet, 8, "`change` is not supported"),
        .environment(
            "strategy: flag", .notYet, 18,
            "not in this version yet: known `bigBang`, `blueGreen`, `canary`, `rolling`"),
        .environment("strategy: { flag: {} }", .notYet, 20, "not in this version yet"),
        .environment("strategy: canery", .unknownKind, 18, "did you mean `canary`?"),
        .environment("strategy: { canary: { step: [5, 100] } }", .unknownKey, 30, "did you mean `steps`?"),
        .environment("strategy: { canary: { atLeast: 1m } }", .unknownKey, 30, "belongs under `canary.each`"),
        .environment(
            "strategy: { canary: { whenTimeIsUp: advance } }", .unknownKind, 44,
            "`advance` is not known (known: `advance-unless-doubt`, `pause`)"),
        .environment("noData: ignore", .unknownKind, 16, "unknown policy `ignore` (known: `wait`, `pass`, `fail`)"),
        .environment("userKey: session", .unknownKind, 17, "unknown user key `session` (known: `cookie`, `header`)"),
        .environment("userKey: { query: id }", .unknownKind, 19, "unknown user key `query`"),
        .environment("objective: { latency: 1s }", .unknownKey, 21, "known here: `errors`"),
        .environment("strategy: bluegreen", .unknownKind, 18, "did you mean `blueGreen`?"),
        .environment("strategy: { blueGreen: { hodl: 5s } }", .unknownKey, 33, "did you mean `hold`?"),
        .environment("gates: [test]", .unknownKind, 16, "unknown gate `test`; did you mean `tests`?"),
        .environment(
            "promote: auto", .unknownKind, 17, "did you mean `automatically`? (known: `automatically`, `by hand`)"),
        .environment("queue: newest", .unknownKind, 15, "known: `finish`, `latest`, `every`"),
        .environment("notify: { run: a, on: fail }", .unknownKind, 30, "`fail` is not known"),
        .environment("after: f", .unknownKind, 15, "there is no environment `f`"),
    ]

    /// Left out.
    static let missing: [Wrong] = [
        Wrong("service: a\n", .missing, "1:1", "`environments` is missing"),
        Wrong("service: a\n", .missing, "1:1", "`run` is missing"),
        Wrong("run: a\n", .missing, "1:1", "`service` is missing"),
        .line("build:", .missing, 1, "`build` has no value: give a map"),
        .line("run: ~", .missing, 1, "`run` has no value"),
        .line("build: { command: a }", .missing, 8, "build: `artifact` is missing"),
        .line("build: { artifact: a }", .missing, 8, "build: `command` is missing"),
        .line("run: { replicas: 2 }", .missing, 6, "run: `command` is missing"),
        .line("tasks: { before: { within: 1s } }", .missing, 18, "tasks.before: `run` is missing"),
        .line("run: { command: b, variables: { A: } }", .missing, 33, "no value is given"),
        .line("run: { command: b, variables: { A: null } }", .missing, 36, "`null` means no value"),
        .environment("gates: [soak]", .missing, 16, "`soak` needs settings: write `soak: 10m`"),
        .environment("gates: [approval: ]", .missing, 16, "no value is given: write `approval: {"),
        .environment("gates: [approval: { count: 1 }]", .missing, 26, "`from` is missing"),
        .environment("gates: [approval: { from: [] }]", .missing, 34, "`from` names nobody"),
        .environment("strategy: { canary: }", .missing, 20, "no value is given: write `canary: { steps: [5, 25"),
        .environment("strategy: { canary: { steps: } }", .missing, 30, "`steps` has no value"),
        .environment("strategy: { canary: { steps: [] } }", .missing, 37, "write such as `[5, 25, 50, 100]`"),
        .environment("userKey: cookie", .missing, 17, "`cookie` needs settings: write `cookie: session`"),
        .environment("strategy: {}", .missing, 18, "an empty map names no strategy"),
    ]

    /// A list, a map or a text in the wrong place.
    static let misshapen: [Wrong] = [
        .line("run: [a]", .wrongShape, 6, "a list is no map"),
        .line("watch: [main]", .wrongShape, 8, "a list is not allowed here: give the name of a branch"),
        .line("tasks: ./x", .wrongShape, 8, "`./x` is no map"),
        .line("run: { command: b, variables: [A=b] }", .wrongShape, 31, "a map of at most 64 names"),
        .line("run: { command: b, variables: { A: [b] } }", .wrongShape, 36, "a list is not allowed here"),
        Wrong("service: a\nrun: b\nenvironments:\n  - e\n", .wrongShape, "4:3", "a map of 1 to 32 environments"),
        Wrong("service: a\nrun: b\nenvironments: {}\n", .tooLarge, "3:15", "0 environments"),
        .environment("gates: { tests: , soak: 1m }", .wrongShape, 15, "begin each entry with `- `"),
        .environment("gates: [ { approval: , from: a } ]", .wrongShape, 17, "indent what belongs to `approval`"),
        .environment("gates: [ { soak: 1m, tests: } ]", .wrongShape, 17, "one gate at a time"),
        .environment("gates: [ tests: true ]", .wrongShape, 24, "`tests` takes no settings"),
        .environment("gates: [ [tests] ]", .wrongShape, 17, "a list is not allowed here"),
        .environment("strategy: { blueGreen: 5s }", .wrongShape, 31, "`5s` is no map"),
        .environment("strategy: { canary: [5, 100] }", .wrongShape, 28, "a list is no map"),
        .environment("strategy: { canary: { steps: 5 } }", .wrongShape, 37, "`5` is no list"),
        .environment("strategy: { canary: { each: 1m } }", .wrongShape, 36, "`1m` is no map"),
        .environment("strategy: { canary: { steps: [[5], 100] } }", .wrongShape, 38, "a list is not allowed here"),
        .environment("noData: { pass: 5m }", .wrongShape, 24, "`pass` takes no settings"),
        .environment("objective: 1%", .wrongShape, 19, "`1%` is no map: write keys with values (known: `errors`)"),
        .environment("userKey: { cookie: a, header: b }", .wrongShape, 17, "give one user key at a time"),
        .environment("verify: ./x", .wrongShape, 16, "`./x` is no list"),
        .environment("verify: [./x]", .wrongShape, 17, "`./x` is no map"),
        .environment("after: { a: b }", .wrongShape, 15, "a map with `a` is not allowed here"),
    ]

    /// Durations, numbers and truth values.
    static let outOfBounds: [Wrong] = [
        .environment("bake: 10", .badValue, 14, "`10` has no unit: write 10s for seconds, 10m for minutes"),
        .environment("bake: 30min", .badValue, 14, "did you mean `30m`?"),
        .environment("bake: 2 Weeks", .badValue, 14, "did you mean `14d`?"),
        .environment("bake: 31d", .badValue, 14, "out of bounds: give a duration from 0s to 30d"),
        .environment("keepWarm: 32d", .badValue, 18, "from 0s to 31d"),
        .environment("drain: 61m", .badValue, 15, "from 0s to 1h"),
        .environment("gates: [soak: 0s]", .badValue, 22, "from 1ms to 90d"),
        .environment("gates: [soak: 91d]", .badValue, 22, "from 1ms to 90d"),
        .environment("strategy: { blueGreen: { hold: 8d } }", .badValue, 39, "from 0s to 7d"),
        .environment("verify: [ { run: a, within: 0s } ]", .badValue, 36, "from 1s to 1d"),
        .environment("verify: [ { http: { within: 2h } } ]", .badValue, 36, "from 1s to 1h"),
        .line("build: { command: a, artifact: b, within: 13h }", .badValue, 43, "from 1s to 12h"),
        .line("tasks: { before: { run: a, within: 25h } }", .badValue, 36, "from 1s to 1d"),
        .line("run: { command: a, health: { within: 99ms } }", .badValue, 38, "from 100ms to 1h"),
        .line(
            "run: { command: a, replicas: 0 }", .badValue, 30, "`0` is not allowed: give a whole number from 1 to 64"),
        .line("run: { command: a, replicas: 010 }", .badValue, 30, "`010`"),
        .line("run: { command: a, replicas: 0x2 }", .badValue, 30, "`0x2`"),
        .line("run: { command: a, replicas: 1_0 }", .badValue, 30, "`1_0`"),
        .line("run: { command: a, replicas: 2.0 }", .badValue, 30, "`2.0`"),
        .line("run: { command: a, replicas: +2 }", .badValue, 30, "`+2`"),
        .environment("replicas: 65", .badValue, 18, "from 1 to 64"),
        .environment("gates: [approval: { from: a, count: 0 }]", .badValue, 44, "from 1 to 32"),
        .environment("verify: [ { http: { status: 99 } } ]", .badValue, 36, "from 100 to 599"),
        .environment("strategy: { canary: { steps: [0, 100] } }", .badValue, 38, "a percentage from 0.01% to 100%"),
        .environment("strategy: { canary: { steps: [0.001, 100] } }", .badValue, 38, "with at most 2 decimals"),
        .environment("strategy: { canary: { steps: [5, 101] } }", .badValue, 41, "`101` is no percentage"),
        .environment("strategy: { canary: { steps: [5, 100.01] } }", .badValue, 41, "`100.01` is no percentage"),
        .environment("strategy: { canary: { steps: [05, 100] } }", .badValue, 38, "`05` is no percentage"),
        .environment("strategy: { canary: { steps: [-5, 100] } }", .badValue, 38, "`-5` is no percentage"),
        .environment("strategy: { canary: { steps: [1e1, 100] } }", .badValue, 38, "such as 5, 0.1 or 5%"),
        .environment("strategy: { canary: { steps: ['5,5', 100] } }", .badValue, 38, "`5,5` is no percentage"),
        .environment("strategy: { canary: { each: { atLeast: 0s } } }", .badValue, 47, "from 1s to 1d"),
        .environment("strategy: { canary: { each: { atMost: 8d } } }", .badValue, 46, "from 1s to 7d"),
        .environment("strategy: { canary: { observe: 500ms } }", .badValue, 39, "from 1s to 5m"),
        .environment("strategy: { rolling: { observe: 6m } }", .badValue, 40, "from 1s to 5m"),
        .environment("strategy: { rolling: { batch: 0 } }", .badValue, 38, "from 1 to 64"),
        .environment("noData: wait 5", .badValue, 21, "`5` has no unit: write 5s for seconds"),
        .environment("noData: wait 2d", .badValue, 21, "from 1s to 1d"),
        .environment("noData: { wait: 0s }", .badValue, 24, "from 1s to 1d"),
        .environment("objective: { errors: 0 }", .badValue, 29, "from 0.0001% to 50%"),
        .environment("objective: { errors: 60% }", .badValue, 29, "`60%` is out of bounds"),
        .environment("objective: { errors: 0.00001 }", .badValue, 29, "with at most 4 decimals"),
        .line("reversible: yes", .badValue, 13, "`yes` is not allowed: give `true` or `false`"),
        .line("reversible: on", .badValue, 13, "`on`"),
        .line("reversible: True", .badValue, 13, "`True`"),
        .line("tasks: { before: { run: a, irreversible: 1 } }", .badValue, 42, "`1`"),
    ]

    /// Addresses, names, paths and texts.
    static let badTexts: [Wrong] = [
        .environment("listen: 7001", .badValue, 16, "such as 127.0.0.1:7001"),
        .environment("listen: ':7002'", .badValue, 16, "such as 127.0.0.1:7002"),
        .environment("listen: 127.0.0.1:0", .badValue, 16, "a port from 1 to 65535"),
        .environment("listen: 127.0.0.1:65536", .badValue, 16, "a port from 1 to 65535"),
        .environment("listen: 127.0.0.1:080", .badValue, 16, "a port from 1 to 65535"),
        .environment("listen: 127.0.0.01:80", .badValue, 16, "an IPv4 address"),
        .environment("listen: 256.0.0.1:80", .badValue, 16, "an IPv4 address"),
        .environment("listen: example.org:80", .badValue, 16, "`example.org:80` is not allowed"),
        .environment("listen: '::1:80'", .badValue, 16, "an IPv6 address in brackets"),
        .environment("listen: '[:]:80'", .badValue, 16, "an IPv6 address in brackets"),
        .environment("listen: 'http://127.0.0.1:80'", .badValue, 16, "address:port"),
        .environment("previewHeader: Host", .badValue, 23, "has a meaning of its own"),
        .environment("previewHeader: 'a b'", .badValue, 23, "is no name of a header"),
        .environment("userKey: { cookie: 'a b' }", .badValue, 27, "is no name of a cookie"),
        .environment("userKey: { cookie: \"a\\nb\" }", .badValue, 27, "`a\\nb` is no name of a cookie"),
        .environment("userKey: { header: Cookie }", .badValue, 27, "has a meaning of its own"),
        .environment("notify: { webhook: ftp://x }", .badValue, 27, "is no web address"),
        .environment("notify: { webhook: 'https:// x' }", .badValue, 27, "is no web address"),
        .environment("verify: [ { http: x } ]", .badValue, 26, "`x` does not begin with `/`"),
        .environment("verify: [ { http: '/a b' } ]", .badValue, 26, "holds a space"),
        .line("run: { command: a, health: 'x' }", .badValue, 28, "does not begin with `/`"),
        .line("run: ''", .badValue, 6, "is empty"),
        .line("run: \"a\\0b\"", .badValue, 6, "`a\\u{0}b` holds a control character"),
        .line("owner: \"a\\nb\"", .badValue, 8, "has a line break"),
        .line("owner: \"a\\u202Eb\\e[31m\"", .badValue, 8, "`a\\u{202e}b\\u{1b}[31m`"),
        .line("watch: 'a b'", .badValue, 8, "is no name of a branch"),
        .line("watch: a..b", .badValue, 8, "is no name of a branch"),
        .line("watch: -x", .badValue, 8, "is no name of a branch"),
        Wrong("service: My Service\n", .badValue, "1:10", "1 to 40 of a-z, 0-9 and inner hyphens"),
        Wrong("service: ../x\n", .badValue, "1:10", "`../x` is not allowed"),
        Wrong("service: \u{1F600}\n", .badValue, "1:10", "`\u{1F600}` is not allowed"),
        Wrong("environments: { Prod: }\n", .badValue, "1:17", "`Prod` is not allowed as a name"),
        .line("run: { command: a, variables: { 1A: b } }", .badValue, 33, "`1A` is no name of a variable"),
        .line(
            "run: { command: a, variables: { \"A\\tB\": b } }", .badValue, 33,
            "run.variables.A\\tB: `A\\tB` is no name of a variable"),
        .line("run: { command: a, variables: { A-B: b } }", .badValue, 33, "`A-B` is no name of a variable"),
        .line("run: { command: a, variables: { PORT: 80 } }", .badValue, 33, "`PORT` is set by Slipway"),
    ]

    /// Right alone, wrong together.
    static let contradicting: [Wrong] = [
        .environment("after: e", .contradiction, 15, "e can't come after itself"),
        .environment("gates: [soak: 1m]", .contradiction, 16, "`soak` is time in the environment before"),
        .environment("gates: [tests]", .contradiction, 16, "name the build's JUnit file in `build.tests`"),
        .environment("strategy: blueGreen", .contradiction, 18, "without `listen` there is none"),
        .environment("strategy: canary", .contradiction, 18, "`canary` shares traffic, and without `listen`"),
        .environment("strategy: { rolling: {} }", .contradiction, 18, "`rolling` shares traffic"),
        .environment("noData: pass", .contradiction, 8, "`noData` is about requests, and without `listen`"),
        .environment("objective: { errors: 2% }", .contradiction, 8, "take `objective` out"),
        .environment("userKey: { cookie: id }", .contradiction, 8, "take `userKey` out"),
        .environment(
            "strategy: { canary: { steps: [5, 25, 10, 100] } }", .contradiction, 45,
            "steps[3]: 10% after 25%: the shares"),
        .environment("strategy: { canary: { steps: [5, 5%, 100] } }", .contradiction, 41, "5% after 5%"),
        .environment(
            "strategy: { canary: { steps: [5, 25.5] } }", .contradiction, 41,
            "the last share is 25.5%, so the rest would never get the release: add 100 at the end"),
        .environment("strategy: { canary: { steps: [100] } }", .contradiction, 37, "100% alone"),
        .environment(
            "strategy: { canary: { each: { atLeast: 2m, atMost: 1m } } }", .contradiction, 47,
            "`atLeast` 2m is longer than `atMost` 1m: give"),
        .environment(
            "strategy: { canary: { each: { atLeast: 20m } } }", .contradiction, 47, "`atMost` 10m (the default)"),
        .environment("strategy: { rolling: { each: { atMost: 1s } } }", .contradiction, 47, "`atLeast` 30s is longer"),
        .environment(
            "strategy: { canary: { each: { atLeast: 2s }, observe: 3s } }", .contradiction, 62,
            "observe: 3s is longer than `each.atLeast` 2s"),
        .environment("listen: 127.0.0.1:1, strategy: rolling", .contradiction, 39, "a batch of 1 and 1 replica brings"),
        .environment(
            "listen: 127.0.0.1:1, replicas: 4, strategy: { rolling: { batch: 4 } }", .contradiction, 52,
            "a batch of 4 and 4 replicas brings all at once"),
        .environment("verify: [ { http: / } ]", .contradiction, 18, "which needs `listen`"),
        .environment("verify: [ { within: 1s } ]", .contradiction, 18, "give either `run` or `http`"),
        .environment("verify: [ { run: a, http: / } ]", .contradiction, 18, "give either `run` or `http`"),
        .environment("verify: [ { http: /, within: 1s } ]", .contradiction, 37, "write `within` inside of `http`"),
        .environment("notify: { on: failed }", .contradiction, 16, "give either `run` or `webhook`"),
        Wrong(
            "service: a\nrun: b\nenvironments:\n  x: { after: z }\n  y: { after: x }\n  z: { after: y }\n",
            .contradiction,
            "4:15", "x after z after y after x: a circle"),
        Wrong(
            "environments:\n  x: { listen: 127.0.0.1:80 }\n  y: { listen: 127.0.0.1:80 }\n", .contradiction, "3:16",
            "`127.0.0.1:80` is taken by x"),
        Wrong(
            "environments:\n  x: { listen: 127.0.0.1:80 }\n  y: { listen: localhost:80 }\n", .contradiction, "3:16",
            "is taken by x"),
        Wrong(
            "environments:\n  x: { listen: 127.0.0.1:80 }\n  y: { listen: 0.0.0.0:80 }\n", .contradiction, "3:16",
            "is taken by x"),
    ]
}
