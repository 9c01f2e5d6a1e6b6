import Core
package import Ports

/// What one HAProxy does, by its own word: the answer to `HAProxyCommands.picture`.
package struct HAProxyPicture: Sendable, Equatable {
    package struct Server: Sendable, Equatable {
        package var name: String
        package var address: String
        package var port: Int
        /// Takes requests: not in maintenance, not draining.
        package var isReady: Bool
    }

    package struct Slot: Sendable, Equatable {
        /// 0: never used.
        package var capacity: Int
        package var isRetired: Bool
        package var version: String
        package var servers: [Server]
    }

    package var shape: String
    package var generation: Int
    package var split: HAProxySplit
    package var preview: Int
    package var slots: [Slot]

    /// Reads the answer; throws `unreachable` if something other than our HAProxy answers.
    package init(answer: String) throws(TargetError) {
        var variables: [Substring: Substring] = [:]
        var servers: [Substring: [Server]] = [:]
        for line in answer.split(separator: "\n").prefix(Self.lineLimit) {
            if let (name, value) = Self.variable(line) {
                variables[name] = value
            } else if let (backend, server) = Self.server(line) {
                servers[backend, default: []].append(server)
            }
        }
        func number(_ name: String) throws(TargetError) -> Int {
            guard let value = variables[name[...]].flatMap({ Int($0) }) else { throw Self.strange(name, answer) }
            return value
        }
        func text(_ name: String) throws(TargetError) -> String {
            guard let value = variables[name[...]] else { throw Self.strange(name, answer) }
            return String(value)
        }
        self.shape = try text("shape")
        self.generation = try number("generation")
        self.split = HAProxySplit(number: try number("route"))
        self.preview = try number("preview")
        self.slots = []
        for slot in 1...HAProxyState.slotCount {
            let capacity = try number("capacity\(slot)")
            guard let servers = servers["arm\(slot)"], servers.count == HAProxyState.serverCount else {
                throw Self.strange("arm\(slot)", answer)
            }
            self.slots.append(
                Slot(
                    capacity: abs(capacity), isRetired: capacity < 0, version: try text("version\(slot)"),
                    servers: servers))
        }
    }

    /// Who has which slot, for `HAProxyState.init`.
    package var occupied: [HAProxySlot?] {
        self.slots.map { slot in
            guard slot.capacity > 0 else { return nil }
            var addresses: [ListenAddress] = []
            for server in slot.servers where server.isReady {
                if let address = ListenAddress(server.text), !addresses.contains(address) { addresses.append(address) }
            }
            return HAProxySlot(
                capacity: slot.capacity, version: slot.version, addresses: addresses, isRetired: slot.isRetired)
        }
    }

    private static let lineLimit = 4_000

    /// `proc.NAME: type=T value=<V>`
    private static func variable(_ line: Substring) -> (Substring, Substring)? {
        guard line.hasPrefix("proc."), line.hasSuffix(">"), let colon = line.firstIndex(of: ":"),
            let value = line.firstRange(of: " value=<")
        else { return nil }
        let name = line[line.index(line.startIndex, offsetBy: 5)..<colon]
        return (name, line[value.upperBound...].dropLast())
    }

    /// A line of `show servers state`, format version 1 (management guide 2.6): fields 2, 4, 5, 7 and 19 of 25.
    private static func server(_ line: Substring) -> (Substring, Server)? {
        let fields = line.split(separator: " ")
        guard fields.count >= 19, fields[0].allSatisfy(\.isNumber), let state = Int(fields[6]),
            let port = Int(fields[18])
        else { return nil }
        // 0x04 only remembers that the file says `disabled`; all other bits are a kind of maintenance or draining.
        let server = Server(
            name: String(fields[3]), address: String(fields[4]), port: port, isReady: state & ~0x04 == 0)
        return (fields[1], server)
    }

    private static func strange(_ missing: String, _ answer: String) -> TargetError {
        TargetError(
            .unreachable,
            "HAProxy's runtime socket gave an answer without `\(missing)`: `\(answer.prefix(200))`.", retryable: true)
    }
}

extension HAProxyPicture.Server {
    /// As in a `ListenAddress`.
    var text: String { (self.address.contains(":") ? "[\(self.address)]" : self.address) + ":\(self.port)" }
}
