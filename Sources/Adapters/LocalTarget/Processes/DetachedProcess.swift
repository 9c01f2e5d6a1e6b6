import Glibc
import Ports

/// A process that outlives us, known by what no later process with its number can have: the boot of the machine, the
/// number and the time of its start. It leads a session and a process group of its own.
package struct DetachedProcess: Sendable, Hashable, Codable {
    /// Text of `/proc/sys/kernel/random/boot_id` when it was started.
    package let boot: String
    package let pid: Int32
    /// Clock ticks between boot and start: field 22 of proc_pid_stat(5).
    package let startTime: UInt64

    package init(boot: String, pid: Int32, startTime: UInt64) {
        self.boot = boot
        self.pid = pid
        self.startTime = startTime
    }

    /// What to start. A value, so that tests compare it.
    package struct Launch: Sendable, Equatable {
        /// Absolute path; it is not looked for in PATH.
        package var program: String
        /// Without the program's own name, which is put in front.
        package var arguments: [String]
        /// All of it: nothing is inherited.
        package var environment: [String: String]
        /// Working directory, an absolute path.
        package var folder: String
        /// File that standard output and standard error are appended to, an absolute path; made if it is not there.
        package var output: String

        package init(
            program: String, arguments: [String], environment: [String: String], folder: String, output: String
        ) {
            self.program = program
            self.arguments = arguments
            self.environment = environment
            self.folder = folder
            self.output = output
        }
    }

    /// How a process ended, as far as we can know: only its parent is told.
    package enum Ending: Sendable, Equatable, CustomStringConvertible {
        case exited(Int32)
        case signalled(Int32)
        /// It was started by an earlier run of this program, or collected by somebody else.
        case unknown

        package var description: String {
            switch self {
            case .exited(let status): "ended with exit status \(status)"
            case .signalled(let number): "was ended by signal \(number)"
            case .unknown: "ended"
            }
        }
    }
}

extension DetachedProcess {
    /// Starts a process in a session of its own with an empty signal mask, default handlers, no inherited descriptor,
    /// standard input from `/dev/null` and output appended to a file. Called from a Swift task without these it would
    /// pass on a blocked SIGTERM and every descriptor that is not close-on-exec; a pipe for output would end it when we
    /// end. Throws `TargetError`.
    static func spawn(_ launch: Launch) throws -> Int32 {
        try launch.check()
        var actions = posix_spawn_file_actions_t()
        try Self.require(posix_spawn_file_actions_init(&actions), launch)
        defer { posix_spawn_file_actions_destroy(&actions) }
        try Self.require(posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0), launch)
        let append = O_WRONLY | O_CREAT | O_APPEND | O_NOCTTY
        try Self.require(posix_spawn_file_actions_addopen(&actions, 1, launch.output, append, 0o600), launch)
        try Self.require(posix_spawn_file_actions_adddup2(&actions, 1, 2), launch)
        try Self.require(GNUSpawn.addCloseFrom()(&actions, 3), launch)
        try Self.require(launch.folder.withCString { try GNUSpawn.addChangeFolder()(&actions, $0) }, launch)

        var attributes = posix_spawnattr_t()
        try Self.require(posix_spawnattr_init(&attributes), launch)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        var all = sigset_t()
        sigemptyset(&none)
        sigfillset(&all)
        try Self.require(posix_spawnattr_setsigmask(&attributes, &none), launch)
        try Self.require(posix_spawnattr_setsigdefault(&attributes, &all), launch)
        let flags = GNUSpawn.newSession | Int32(POSIX_SPAWN_SETSIGMASK) | Int32(POSIX_SPAWN_SETSIGDEF)
        try Self.require(posix_spawnattr_setflags(&attributes, Int16(flags)), launch)

        let variables = launch.environment.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        var pid: pid_t = 0
        let code = Self.withPointers([launch.program] + launch.arguments) { arguments in
            Self.withPointers(variables) { environment in
                posix_spawn(&pid, launch.program, &actions, &attributes, arguments, environment)
            }
        }
        try Self.require(code, launch)
        return pid
    }

    private static func require(_ code: Int32, _ launch: Launch) throws {
        guard code != 0 else { return }
        let reason = String(cString: strerror(code))
        let missing = code == ENOENT && access(launch.program, X_OK) != 0
        throw TargetError(
            missing ? .programMissing : .failed,
            "\(launch.program) could not be started in \(launch.folder): \(reason).",
            // No memory, descriptors or processes left: that passes. A missing file doesn't.
            retryable: [EAGAIN, ENOMEM, EMFILE, ENFILE].contains(code))
    }

    private static func withPointers<Result>(
        _ texts: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> Result
    ) -> Result {
        let pointers = texts.map { strdup($0) }
        defer { for pointer in pointers { free(pointer) } }
        return body(pointers + [nil])
    }
}

/// What glibc (2.34 and later) adds to spawn.h under `_GNU_SOURCE`, which the Glibc module is compiled without; so the
/// two functions are looked up by name.
private enum GNUSpawn {
    /// POSIX_SPAWN_SETSID.
    static let newSession: Int32 = 0x80

    typealias AddCloseFrom = @convention(c) (UnsafeMutablePointer<posix_spawn_file_actions_t>, Int32) -> Int32
    typealias AddChangeFolder =
        @convention(c) (UnsafeMutablePointer<posix_spawn_file_actions_t>, UnsafePointer<CChar>) -> Int32

    static func addCloseFrom() throws -> AddCloseFrom {
        unsafeBitCast(try Self.find("posix_spawn_file_actions_addclosefrom_np"), to: AddCloseFrom.self)
    }

    static func addChangeFolder() throws -> AddChangeFolder {
        unsafeBitCast(try Self.find("posix_spawn_file_actions_addchdir_np"), to: AddChangeFolder.self)
    }

    private static func find(_ name: String) throws -> UnsafeMutableRawPointer {
        guard let symbol = dlsym(nil, name) else {
            throw TargetError(
                .failed, "This system's C library has no \(name): glibc 2.34 or later is needed.", retryable: false)
        }
        return symbol
    }
}

extension DetachedProcess.Launch {
    /// C strings end at a zero byte, so a text with one would be cut in silence.
    fileprivate func check() throws {
        let texts =
            [self.program, self.folder, self.output] + self.arguments + self.environment.flatMap { [$0.key, $0.value] }
        guard texts.allSatisfy({ !$0.utf8.contains(0) }) else {
            throw TargetError(
                .invalid, "\(self.program) is not started: a zero byte in a text for it. Take it out.", retryable: false
            )
        }
        guard self.environment.keys.allSatisfy({ !$0.isEmpty && !$0.utf8.contains(UInt8(ascii: "=")) }) else {
            throw TargetError(
                .invalid, "\(self.program) is not started: a variable's name is empty or holds `=`. Rename it.",
                retryable: false)
        }
        guard [self.program, self.folder, self.output].allSatisfy({ $0.hasPrefix("/") }) else {
            throw TargetError(
                .invalid, "\(self.program) is not started: program, folder and output must be absolute paths.",
                retryable: false)
        }
    }
}
