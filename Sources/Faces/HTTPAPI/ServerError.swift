import Foundation
import NIOCore

/// The server could not start.
package struct ServerError: Error, Sendable, Equatable, CustomStringConvertible {
    package enum Code: String, Sendable {
        case addressInUse, cannotListen
        /// Others could read what is said.
        case notSafe
        case certificate
    }

    package var code: Code
    package var message: String

    package var description: String { self.message }

    /// Why `bind` failed.
    static func of(_ cause: any Error, _ host: String, _ port: Int) -> ServerError {
        (cause as? IOError)?.errnoCode == EADDRINUSE ? .addressInUse(host, port) : .cannotListen(host, port, cause)
    }

    private static func addressInUse(_ host: String, _ port: Int) -> ServerError {
        let shown = host.contains(":") ? "[\(host)]" : host
        let holder = PortHolder.find(port: port).map { "by \($0)" } ?? "by another program"
        return ServerError(
            code: .addressInUse,
            message: "The address \(shown):\(port) is in use \(holder). "
                + "Stop that, or listen at a free port that the system chooses: `slipway serve --listen \(shown):0`.")
    }

    private static func cannotListen(_ host: String, _ port: Int, _ cause: any Error) -> ServerError {
        ServerError(
            code: .cannotListen,
            message: "Can't listen on \(host):\(port) (\(cause)). "
                + "Name an address of this machine and a free port: `slipway serve --listen 127.0.0.1:8080`.")
    }
}

/// Which process listens on a TCP port, from /proc (proc(5)): the socket's inode in `net/tcp`, then whose descriptor it is.
enum PortHolder {
    /// As in `haproxy (pid 4711)`; nil where we may not see it.
    static func find(port: Int) -> String? {
        let inodes = ["/proc/net/tcp", "/proc/net/tcp6"].flatMap { Self.listeners(in: $0, port: port) }
        guard !inodes.isEmpty, let entries = try? FileManager.default.contentsOfDirectory(atPath: "/proc") else {
            return nil
        }
        let wanted = Set(inodes.map { "socket:[\($0)]" })
        for pid in entries.lazy.filter({ Int($0) != nil }).prefix(20_000) where Self.holds(pid, wanted) {
            let text = try? String(contentsOfFile: "/proc/\(pid)/comm", encoding: .utf8)
            return "\(text?.trimmingCharacters(in: .whitespacesAndNewlines) ?? "a process") (pid \(pid))"
        }
        return nil
    }

    /// `sl local_address rem_address st … inode`, in hexadecimal; state 0A is listening.
    private static func listeners(in file: String, port: Int) -> [String] {
        let text = Self.wholeText(file)
        return text.split(separator: "\n").dropFirst().compactMap { line in
            let fields = line.split(separator: " ")
            guard fields.count > 9, fields[3] == "0A", let local = fields[1].split(separator: ":").last,
                Int(local, radix: 16) == port
            else { return nil }
            return String(fields[9])
        }
    }

    /// Files of /proc say size 0 and give a page a read, so Foundation's own reading of whole files cuts them.
    private static func wholeText(_ file: String) -> String {
        guard let handle = FileHandle(forReadingAtPath: file) else { return "" }
        defer { try? handle.close() }
        var data = Data()
        while data.count < 16 * 1024 * 1024, let piece = try? handle.read(upToCount: 65_536), !piece.isEmpty {
            data += piece
        }
        return String(decoding: data, as: UTF8.self)
    }

    private static func holds(_ pid: String, _ wanted: Set<String>) -> Bool {
        let folder = "/proc/\(pid)/fd"
        guard let descriptors = try? FileManager.default.contentsOfDirectory(atPath: folder) else { return false }
        return descriptors.contains { descriptor in
            (try? FileManager.default.destinationOfSymbolicLink(atPath: "\(folder)/\(descriptor)"))
                .map(wanted.contains) ?? false
        }
    }
}
