package import Foundation

/// Where the server is, and with which token to talk to it.
package struct Connection: Sendable, Equatable {
    /// `http://HOST:PORT`, without trailing slash.
    package var address: String
    package var token: String?
    /// A PEM file that is trusted beside the system's authorities.
    package var certificate: String?

    package init(address: String, token: String?, certificate: String? = nil) {
        self.address = address
        self.token = token
        self.certificate = certificate
    }

    /// What `slipway serve` writes to `DATA/server.json`, so that the command line of the same user finds it.
    package struct ServerFile: Codable, Sendable, Equatable {
        package static let name = "server.json"
        /// The file beside it that holds the token; readable by its user alone.
        package static let tokenName = "token"

        package var address: String
        package var pid: Int
        /// The server's own certificate, where it has one.
        package var certificate: String?

        package init(address: String, pid: Int, certificate: String? = nil) {
            self.address = address
            self.pid = pid
            self.certificate = certificate
        }
    }

    /// Finds the server: an address that was given wins, else the one that `serve` wrote into the data folder.
    /// A token that was given wins, else the data folder's, but that only for the data folder's own server:
    /// it is never sent to another address.
    package static func find(dataFolder: URL, server: String?, token: String?) throws(ClientError) -> Connection {
        if let server {
            let address = try Self.checked(server)
            if let token { return Connection(address: address, token: token) }
            guard let own = try? Self.readServerFile(dataFolder), own.address == address else {
                return Connection(address: address, token: nil)
            }
            return Connection(address: address, token: Self.readToken(dataFolder), certificate: own.certificate)
        }
        let own = try Self.readServerFile(dataFolder)
        return Connection(
            address: own.address, token: token ?? Self.readToken(dataFolder), certificate: own.certificate)
    }

    private static let bytesMax = 64 * 1024

    private static func readServerFile(_ folder: URL) throws(ClientError) -> ServerFile {
        let file = folder.appendingPathComponent(ServerFile.name)
        guard let data = Self.read(file) else {
            throw ClientError(
                .noServer,
                "No server has been started on \(folder.path): \(file.path) is not there. "
                    + "Start one with `slipway serve`, or name one with --server URL or SLIPWAY_SERVER.")
        }
        guard let found = try? JSONDecoder().decode(ServerFile.self, from: data) else {
            throw ClientError(
                .noServer,
                "\(file.path) can't be read as {\"address\": …, \"pid\": …}. "
                    + "Start `slipway serve` again: it writes the file anew.")
        }
        return ServerFile(
            address: try Self.checked(found.address), pid: found.pid, certificate: found.certificate)
    }

    private static func readToken(_ folder: URL) -> String? {
        guard let data = Self.read(folder.appendingPathComponent(ServerFile.tokenName)) else { return nil }
        let token = String(decoding: data, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
        return token.isEmpty ? nil : token
    }

    private static func read(_ file: URL) -> Data? {
        guard let handle = try? FileHandle(forReadingFrom: file) else { return nil }
        defer { try? handle.close() }
        return try? handle.read(upToCount: Self.bytesMax)
    }

    /// The address without trailing slashes; refused where it is no plain `http(s)://HOST[:PORT]`.
    private static func checked(_ text: String) throws(ClientError) -> String {
        var address = text.trimmingCharacters(in: .whitespacesAndNewlines)
        while address.hasSuffix("/") { address.removeLast() }
        let parts = URLComponents(string: address)
        guard let parts, parts.scheme == "http" || parts.scheme == "https", let host = parts.host, !host.isEmpty,
            parts.path.isEmpty, parts.query == nil, parts.fragment == nil, parts.user == nil
        else {
            throw ClientError(
                .badAddress,
                "\(text.debugDescription.prefix(200)) is not a server's address. "
                    + "It has the form http://HOST:PORT, as in http://127.0.0.1:8080.")
        }
        return address
    }
}
